UPDATE jobs
SET status = 'started', status_version = :fence, run_at = NULL, version = greatest(version, :fence),
  fence = :fence, attempt = :attempt, worker = :worker
WHERE id = :id AND status_version < :fence AND fence <= :fence
RETURNING id
