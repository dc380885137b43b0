-- Each group of columns is a register with a version of its own: the higher one wins. What is from before it was
-- accepted is of an earlier job of that id, and nothing of that stays: in whatever order both come, the row is the same.
-- In the order of ids, so that two recorders wait for each other instead of deadlocking. Options are of both payloads:
-- those that came with a changed one stand, for what follows from the payload stands among them. Who was discarded and
-- is redriven all the same, from an older copy of Redis, is not discarded any more.
INSERT INTO jobs AS j (
  id, position, job_type, max_attempts, payload, options, tags, tenant, trace_id, context_id, callback_url,
  is_test, status_version, status, run_at, version, queue, fence, attempt, worker,
  error_version, last_error, error_kind, error_reason,
  payload_version, changed_payload, ready_version, discarded_version)
SELECT id, position, coalesce(job_type, ''), max_attempts, payload, options, tags, tenant, trace_id, context_id,
  callback_url, is_test, status_version, status, run_at, version, coalesce(queue, ''), fence, attempt, worker,
  error_version, last_error, error_kind, error_reason,
  payload_version, changed_payload, ready_version, discarded_version
FROM staged_jobs ORDER BY id
ON CONFLICT (id) DO UPDATE SET
  position = greatest(j.position, excluded.position),
  job_type = CASE WHEN excluded.position > j.position THEN excluded.job_type ELSE j.job_type END,
  max_attempts = CASE WHEN excluded.position > j.position THEN excluded.max_attempts ELSE j.max_attempts END,
  payload = CASE WHEN excluded.position > j.position THEN excluded.payload ELSE j.payload END,
  options = CASE newest_since(j.payload_version, excluded.payload_version, greatest(j.position, excluded.position))
    WHEN 0 THEN CASE WHEN excluded.position > j.position THEN excluded.options ELSE j.options END
    WHEN j.payload_version THEN coalesce(j.options, excluded.options)
    ELSE coalesce(excluded.options, j.options) END,
  tags = CASE WHEN excluded.position > j.position THEN excluded.tags ELSE j.tags END,
  tenant = CASE WHEN excluded.position > j.position THEN excluded.tenant ELSE j.tenant END,
  trace_id = CASE WHEN excluded.position > j.position THEN excluded.trace_id ELSE j.trace_id END,
  context_id = CASE WHEN excluded.position > j.position THEN excluded.context_id ELSE j.context_id END,
  callback_url = CASE WHEN excluded.position > j.position THEN excluded.callback_url ELSE j.callback_url END,
  is_test = CASE WHEN excluded.position > j.position THEN excluded.is_test ELSE j.is_test END,
  status_version = greatest(j.status_version, excluded.status_version),
  status = CASE WHEN excluded.status_version > j.status_version THEN excluded.status ELSE j.status END,
  run_at = CASE WHEN excluded.status_version > j.status_version THEN excluded.run_at ELSE j.run_at END,
  version = greatest(j.version, excluded.version),
  queue = CASE WHEN excluded.version > j.version THEN excluded.queue ELSE j.queue END,
  fence = newest_since(j.fence, excluded.fence, greatest(j.position, excluded.position)),
  attempt = CASE newest_since(j.fence, excluded.fence, greatest(j.position, excluded.position))
    WHEN 0 THEN 0 WHEN j.fence THEN j.attempt ELSE excluded.attempt END,
  worker = CASE newest_since(j.fence, excluded.fence, greatest(j.position, excluded.position))
    WHEN 0 THEN NULL WHEN j.fence THEN j.worker ELSE excluded.worker END,
  error_version = newest_since(j.error_version, excluded.error_version, greatest(j.position, excluded.position)),
  last_error = CASE newest_since(j.error_version, excluded.error_version, greatest(j.position, excluded.position))
    WHEN 0 THEN NULL WHEN j.error_version THEN j.last_error ELSE excluded.last_error END,
  error_kind = CASE newest_since(j.error_version, excluded.error_version, greatest(j.position, excluded.position))
    WHEN 0 THEN NULL WHEN j.error_version THEN j.error_kind ELSE excluded.error_kind END,
  error_reason = CASE newest_since(j.error_version, excluded.error_version, greatest(j.position, excluded.position))
    WHEN 0 THEN NULL WHEN j.error_version THEN j.error_reason ELSE excluded.error_reason END,
  payload_version = newest_since(j.payload_version, excluded.payload_version, greatest(j.position, excluded.position)),
  changed_payload = CASE newest_since(j.payload_version, excluded.payload_version, greatest(j.position, excluded.position))
    WHEN 0 THEN NULL WHEN j.payload_version THEN j.changed_payload ELSE excluded.changed_payload END,
  ready_version = newest_since(j.ready_version, excluded.ready_version, greatest(j.position, excluded.position)),
  discarded_version = CASE
    WHEN greatest(j.discarded_version, excluded.discarded_version) < greatest(j.status_version, excluded.status_version) THEN 0
    ELSE greatest(j.discarded_version, excluded.discarded_version) END
WHERE excluded.version > j.version OR excluded.position > j.position
  OR excluded.status_version > j.status_version OR excluded.fence > j.fence
  OR excluded.error_version > j.error_version OR excluded.payload_version > j.payload_version
  OR excluded.ready_version > j.ready_version OR excluded.discarded_version > j.discarded_version
