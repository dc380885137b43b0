SELECT number, job_id FROM job_outbox
WHERE sent_at IS NULL AND set_aside_at IS NULL AND claimed_by <> :term
ORDER BY number LIMIT :most
