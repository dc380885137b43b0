SELECT id, position, job_type, queue, status, attempt, max_attempts,
  created_at, enqueued_at, started_at, finished_at, run_at, discarded_at,
  worker, tags, tenant, trace_id, context_id, is_test, last_error, error_kind, error_reason,
  options ->> 'environment' AS environment, CAST(options ->> 'version' AS integer) AS type_version,
  payload, changed_payload, options
FROM jobs WHERE id = :job_id
