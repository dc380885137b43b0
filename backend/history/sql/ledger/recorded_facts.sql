SELECT j.id, j.status, j.queue, j.position, j.status_version, j.version, j.fence, j.attempt, j.worker, j.run_at,
  e.status, j.discarded_version
FROM jobs j LEFT JOIN job_events e ON e.job_id = j.id AND e.version = j.status_version
WHERE j.id = ANY(:ids)
