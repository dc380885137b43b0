COPY jobs (
  id, position, job_type, max_attempts, payload, options, tags, tenant, trace_id, context_id, callback_url,
  is_test, status_version, status, run_at, version, queue, fence, attempt, worker,
  error_version, last_error, error_kind, error_reason,
  payload_version, changed_payload, ready_version, discarded_version
) FROM STDIN WITH (NULL '')
