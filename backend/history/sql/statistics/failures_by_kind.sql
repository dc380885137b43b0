WITH kinds AS (
  SELECT error_kind, job_type, count(*) AS attempts,
    count(*) FILTER (WHERE status = 'failed') AS failed, max(ended_at) AS last_at
  FROM job_results
  WHERE error_kind IS NOT NULL AND ended_at >= :since AND ended_at < :until
    AND status IN ('retried', 'failed', 'crashed', 'suspected')
    AND (:job_type = '' OR job_type = :job_type) AND (:queue = '' OR queue = :queue)
  GROUP BY error_kind, job_type
  ORDER BY attempts DESC, last_at DESC LIMIT :most
)
SELECT k.error_kind, k.job_type, k.attempts, k.failed, k.last_at, newest.job_id, newest.error_message
FROM kinds k CROSS JOIN LATERAL (
  SELECT r.job_id, r.error_message FROM job_results r
  WHERE r.error_kind IS NOT NULL AND r.ended_at = k.last_at
    AND r.error_kind = k.error_kind AND r.job_type = k.job_type
  LIMIT 1
) newest
ORDER BY k.attempts DESC, k.last_at DESC
