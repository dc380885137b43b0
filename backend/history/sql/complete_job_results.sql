-- Attempts that were recorded before the acceptance of their job, or before the event since which they
-- waited: another recorder was faster.
WITH late AS (
  SELECT r.job_id, r.fence, j.job_type, j.trace_id, ready.version AS ready_version
  FROM staged_jobs s
  JOIN job_results r ON r.job_id = s.id
  JOIN jobs j ON j.id = s.id
  CROSS JOIN LATERAL (
    SELECT max(e.version) AS version FROM job_events e
    WHERE e.job_id = s.id AND e.version < r.fence AND e.status = 'queued'
  ) ready
  WHERE (s.position > 0 AND r.job_type = '')
    OR (s.ready_version > 0 AND r.ready_version IS DISTINCT FROM ready.version)
), completed AS (
  UPDATE job_results r SET job_type = late.job_type, trace_id = late.trace_id,
    ready_version = late.ready_version
  FROM late WHERE r.job_id = late.job_id AND r.fence = late.fence
  RETURNING r.ended_at
)
INSERT INTO stale_hours (hour)
SELECT DISTINCT date_trunc('hour', ended_at, 'UTC') FROM completed
