SELECT o.job_id FROM job_outbox o
WHERE o.job_id = ANY(:ids) AND o.accepted_as = o.job_id
  AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = o.job_id AND j.id = ANY(:ids) AND is_later(j.position, o.sent_after))
