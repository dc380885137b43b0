SELECT id FROM jobs
WHERE status IN ('scheduled', 'deferred', 'queued', 'started') AND position <= 0
LIMIT :most
