UPDATE job_outbox o
SET sent_at = clock_timestamp(), accepted_as = reply.id, claimed_by = NULL, not_before = NULL, last_error = NULL
FROM unnest(CAST(:numbers AS bigint[]), CAST(:ids AS text[])) AS reply (number, id)
WHERE o.number = reply.number AND o.sent_at IS NULL
