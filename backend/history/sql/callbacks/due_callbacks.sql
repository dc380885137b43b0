-- What the callback tells is that one final state, even if the job was redriven since.
SELECT c.job_id, c.version, j.job_type, j.queue, coalesce(e.status, j.status), instant_of(c.version),
  coalesce(r.attempt, j.attempt), r.result_payload::text, r.error_reason, r.error_kind, r.error_message,
  e.note, j.options::text
FROM job_callbacks c
LEFT JOIN jobs j ON j.id = c.job_id
LEFT JOIN job_events e ON e.job_id = c.job_id AND e.version = c.version
LEFT JOIN job_results r ON r.job_id = c.job_id AND r.fence = e.fence
WHERE c.decided_at IS NULL
ORDER BY c.version LIMIT :most
FOR UPDATE OF c SKIP LOCKED
