SELECT count(*), count(claimed_by),
  (SELECT count(*) FROM job_outbox WHERE set_aside_at IS NOT NULL),
  coalesce(greatest(extract(epoch FROM clock_timestamp() - min(created_at)), 0), 0)
FROM job_outbox WHERE sent_at IS NULL AND set_aside_at IS NULL
