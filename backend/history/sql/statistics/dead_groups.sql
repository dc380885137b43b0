WITH kinds AS (
  SELECT error_kind, job_type, count(*) AS jobs, min(status_version) AS first,
    max(ARRAY[lpad(status_version::text, 19, '0'), id]) AS newest
  FROM (
    SELECT id, error_kind, job_type, status_version, finished_at, last_error FROM jobs
    WHERE status = 'failed' AND discarded_version = 0 AND (:queue = '' OR queue = :queue)
    ORDER BY position DESC LIMIT :newest
  ) dead
  WHERE (CAST(:after AS timestamptz) IS NULL OR finished_at >= :after)
    AND (CAST(:before AS timestamptz) IS NULL OR finished_at < :before)
    AND (:error = '' OR strpos(lower(concat_ws(' ', error_kind, last_error)), lower(:error)) > 0)
  GROUP BY error_kind, job_type
  ORDER BY jobs DESC LIMIT :most
)
SELECT coalesce(k.error_kind, ''), k.job_type, k.jobs, instant_of(k.first),
  instant_of(k.newest[1]::bigint), j.id, coalesce(j.last_error, '')
FROM kinds k JOIN jobs j ON j.id = k.newest[2]
ORDER BY k.jobs DESC, k.newest DESC
