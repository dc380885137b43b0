INSERT INTO job_events (
  job_id, version, kind, status, queue, attempt, actor, fence, run_ms, due_at, note, payload)
SELECT job_id, version, kind, status, queue, attempt, actor, fence, run_ms, due_at, note, payload
FROM staged_events ORDER BY job_id, version
ON CONFLICT (job_id, version) DO NOTHING
