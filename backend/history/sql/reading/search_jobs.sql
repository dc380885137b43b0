-- A condition whose parameter is null is gone before the statement is planned, so each combination of
-- them has the plan that fits it. A type and a queue that never met are found not to in the counts: to look
-- for jobs that are of both would mean to read all that are of one.
SELECT id, position, job_type, queue, status, attempt, max_attempts,
  created_at, enqueued_at, started_at, finished_at, run_at, discarded_at,
  worker, tags, tenant, trace_id, context_id, is_test, last_error, error_kind, error_reason,
  options ->> 'environment' AS environment, CAST(options ->> 'version' AS integer) AS type_version
FROM jobs
WHERE position >= :since_version AND position < :until_version
  AND (:ids IS NULL OR id = ANY(:ids))
  AND (:after_position IS NULL OR (position, id) < (:after_position, :after_id))
  AND (:job_type IS NULL OR job_type = :job_type)
  AND (:queue IS NULL OR queue = :queue)
  AND (:job_type IS NULL OR :queue IS NULL
    OR EXISTS (SELECT FROM job_counts c WHERE c.job_type = :job_type AND c.queue = :queue))
  AND (:state IS NULL OR status = :state)
  AND (:states IS NULL OR status = ANY(:states))
  AND (:tag IS NULL OR tags @> ARRAY[:tag])
  AND (:trace_id IS NULL OR trace_id = :trace_id)
  AND (:context_id IS NULL OR context_id = :context_id)
  AND (:environment IS NULL OR options ->> 'environment' = :environment)
  AND (:tenant IS NULL OR tenant = :tenant)
  AND (:worker IS NULL OR worker = :worker)
  AND (:error_kind IS NULL OR error_kind = :error_kind)
  AND (:error_pattern IS NULL OR last_error ILIKE :error_pattern)
  AND (:died_after IS NULL OR (status = 'failed' AND finished_at >= :died_after))
  AND (:died_before IS NULL OR (status = 'failed' AND finished_at < :died_before))
ORDER BY position DESC, id DESC
LIMIT :most
