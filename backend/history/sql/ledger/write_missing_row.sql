-- A row that only later events have written so far gets what they could not know; its state stays.
INSERT INTO jobs AS j (
  id, position, job_type, max_attempts, payload, options, tags, tenant, trace_id, context_id, callback_url,
  is_test, status_version, status, run_at, version, queue, fence, attempt, worker, ready_version)
VALUES (
  :id, :position, :job_type, :max_attempts, CAST(:payload AS json), CAST(:options AS json),
  CAST(:tags AS text[]), :tenant, :trace_id, :context_id, :callback_url,
  :is_test, :status_version, :status, to_timestamp(CAST(:due_ms AS bigint) / 1000.0), :version, :queue,
  :fence, :attempt, :worker, :ready_version)
ON CONFLICT (id) DO UPDATE SET
  position = excluded.position, job_type = excluded.job_type, max_attempts = excluded.max_attempts,
  payload = excluded.payload, options = excluded.options, tags = excluded.tags, tenant = excluded.tenant,
  trace_id = excluded.trace_id, context_id = excluded.context_id, callback_url = excluded.callback_url,
  is_test = excluded.is_test
WHERE j.position <= 0
RETURNING id
