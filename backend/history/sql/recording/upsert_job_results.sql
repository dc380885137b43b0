-- What an attempt's own event does not carry: its type and trace come from the job, and since when it
-- was ready from the events before it, which the same transaction has written.
INSERT INTO job_results AS r (
  job_id, fence, version, attempt, status, job_type, queue, worker, trace_id, ready_version, run_ms,
  result_payload, error_reason, error_kind, error_message, traceback, log)
SELECT s.job_id, s.fence, s.version, s.attempt, s.status, j.job_type, coalesce(s.queue, ''), s.worker,
  j.trace_id,
  (SELECT e.version FROM job_events e
   WHERE e.job_id = s.job_id AND e.version < s.fence AND e.status = 'queued' AND (e.fence IS NULL OR e.attempt > 0)
   ORDER BY e.version DESC LIMIT 1),
  s.run_ms, s.result_payload, s.error_reason, s.error_kind, s.error_message, s.traceback, s.log
FROM staged_results s JOIN jobs j ON j.id = s.job_id AND j.id BETWEEN :least_id AND :greatest_id
ORDER BY s.job_id, s.fence
ON CONFLICT (job_id, fence) DO UPDATE SET
  version = excluded.version, attempt = excluded.attempt, status = excluded.status,
  queue = excluded.queue, worker = excluded.worker, run_ms = excluded.run_ms,
  result_payload = excluded.result_payload, error_reason = excluded.error_reason,
  error_kind = excluded.error_kind, error_message = excluded.error_message,
  traceback = excluded.traceback, log = excluded.log
WHERE excluded.version > r.version
