-- A row that a recorder of 0.1 wrote last may have the changed payload of an earlier job of its id.
SELECT id, position, job_type, queue, status, attempt, max_attempts,
  created_at, enqueued_at, started_at, finished_at, run_at, discarded_at,
  worker, tags, tenant, trace_id, context_id, is_test, last_error, error_kind, error_reason,
  options ->> 'environment' AS environment, CAST(options ->> 'version' AS integer) AS type_version,
  payload, CASE WHEN is_since(payload_version, position) THEN changed_payload END AS changed_payload, options
FROM jobs WHERE id = :job_id
