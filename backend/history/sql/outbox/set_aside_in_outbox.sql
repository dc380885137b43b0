UPDATE job_outbox o
SET set_aside_at = clock_timestamp(), last_error = given.reason, claimed_by = NULL
FROM unnest(CAST(:numbers AS bigint[]), CAST(:reasons AS text[])) AS given (number, reason)
WHERE o.number = given.number AND o.sent_at IS NULL
