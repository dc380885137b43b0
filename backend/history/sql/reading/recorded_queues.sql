-- Only jobs that somebody still has to do with: the ended ones are many, and statistics count them.
SELECT queue,
  count(*) FILTER (WHERE status = 'scheduled') AS scheduled,
  count(*) FILTER (WHERE status = 'queued') AS queued,
  count(*) FILTER (WHERE status = 'started') AS started,
  count(*) FILTER (WHERE status = 'failed') AS dead,
  count(*) FILTER (WHERE status = 'started' AND started_at < now() - interval '5 minutes') AS stuck,
  min(enqueued_at) FILTER (WHERE status = 'queued') AS oldest_enqueued_at
FROM jobs
WHERE status IN ('scheduled', 'queued', 'started', 'failed') AND discarded_at IS NULL AND position > 0
GROUP BY queue ORDER BY queue
