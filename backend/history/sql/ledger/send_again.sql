-- One that was answered with another job is done when that was ever on record, though it has left it since: its events
-- stay longer. OFFSET 0: they are asked of each such row by their index, never read whole.
UPDATE job_outbox o SET sent_at = NULL, accepted_as = NULL, claimed_by = NULL
WHERE o.sent_at IS NOT NULL AND (CAST(:ids AS text[]) IS NULL OR o.job_id = ANY(:ids))
  AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = o.accepted_as AND is_later(j.position, o.sent_after))
  AND (o.accepted_as = o.job_id OR NOT EXISTS (SELECT FROM job_events e WHERE e.job_id = o.accepted_as OFFSET 0))
RETURNING o.number
