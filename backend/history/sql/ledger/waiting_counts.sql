SELECT queue, status, count(*) FROM jobs
WHERE status IN ('scheduled', 'deferred', 'queued', 'started')
GROUP BY queue, status
