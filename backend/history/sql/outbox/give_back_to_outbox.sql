-- Only while the claim is still this relay's: another may have settled the row since.
UPDATE job_outbox o
SET claimed_by = NULL, last_error = given.reason,
  not_before = clock_timestamp() + make_interval(secs => :pause)
FROM unnest(CAST(:numbers AS bigint[]), CAST(:reasons AS text[])) AS given (number, reason)
WHERE o.number = given.number AND o.sent_at IS NULL AND o.claimed_by = :term
