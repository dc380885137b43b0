WITH kinds AS (
  SELECT error_kind, job_type, sum(attempts)::bigint AS attempts, sum(failed)::bigint AS failed, max(last_at) AS last_at
  FROM failures_between(:since, :until, :queue)
  WHERE :job_type = '' OR job_type = :job_type
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
