UPDATE job_outbox o SET sent_at = NULL, accepted_as = NULL, claimed_by = NULL
WHERE o.sent_at IS NOT NULL AND (CAST(:ids AS text[]) IS NULL OR o.job_id = ANY(:ids))
  AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = o.accepted_as)
RETURNING o.number
