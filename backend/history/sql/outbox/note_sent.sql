UPDATE job_outbox o
SET sent_at = clock_timestamp(), accepted_as = reply.id, claimed_by = NULL, not_before = NULL, last_error = NULL,
  sent_after = CASE WHEN NOT reply.was_there THEN o.sent_after END
FROM unnest(CAST(:numbers AS bigint[]), CAST(:ids AS text[]), CAST(:were_there AS boolean[])) AS reply (number, id, was_there)
WHERE o.number = reply.number AND o.sent_at IS NULL
