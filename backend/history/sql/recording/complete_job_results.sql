-- Attempts that were recorded before the acceptance of their job, or before the event since which they
-- waited: another recorder was faster. The bounds are those of the batch: months outside are not even planned. Nothing
-- in it tells of an attempt that began before its first event: not looked at, for a job may have thousands, and not
-- changed, for the events that it was told by may be gone. Said as a question, that first event is unknown to the
-- planner: whoever knows that few are later would rather go through all of the batch for each of them.
WITH completed AS (
  UPDATE job_results r SET
    job_type = coalesce(s.job_type, r.job_type),
    trace_id = coalesce(s.trace_id, r.trace_id),
    ready_version = (SELECT max(e.version) FROM job_events e
      WHERE e.job_id = r.job_id AND e.version < r.fence AND e.status = 'queued' AND (e.fence IS NULL OR e.attempt > 0))
  FROM staged_jobs s
  WHERE r.job_id = s.id AND r.job_id BETWEEN :least_id AND :greatest_id
    AND r.fence > (SELECT CAST(:least_version AS bigint)) AND (s.position > 0 OR s.ready_version > 0)
    AND ((s.position > 0 AND r.job_type = '')
      OR r.ready_version IS DISTINCT FROM (SELECT max(e.version) FROM job_events e
        WHERE e.job_id = r.job_id AND e.version < r.fence AND e.status = 'queued' AND (e.fence IS NULL OR e.attempt > 0)))
  RETURNING r.ended_at
)
INSERT INTO stale_hours (hour)
SELECT DISTINCT date_trunc('hour', ended_at, 'UTC') FROM completed
