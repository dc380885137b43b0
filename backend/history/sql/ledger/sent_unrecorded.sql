SELECT o.job_id FROM job_outbox o
WHERE o.sent_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = o.accepted_as AND is_later(j.position, o.sent_after))
ORDER BY o.number
