WITH next AS (
  SELECT number FROM job_outbox
  WHERE sent_at IS NULL AND set_aside_at IS NULL AND claimed_by IS NULL
    AND (not_before IS NULL OR not_before <= clock_timestamp())
  ORDER BY number LIMIT :most
  FOR UPDATE SKIP LOCKED
)
UPDATE job_outbox o SET claimed_by = :term, sent_after = :head, tries = o.tries + 1
FROM next WHERE o.number = next.number
RETURNING o.number, o.job::text
