UPDATE job_outbox SET claimed_by = NULL
WHERE number = ANY(:numbers) AND sent_at IS NULL AND claimed_by <> :term
