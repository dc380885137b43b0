-- A sent row stays until its job is on record: should Redis lose its data before that, it is sent again.
DELETE FROM job_outbox WHERE number IN (
  SELECT o.number FROM job_outbox o
  WHERE o.sent_at < clock_timestamp() - make_interval(secs => :age)
    AND (EXISTS (SELECT FROM jobs j WHERE j.id = o.accepted_as)
      OR o.sent_at < clock_timestamp() - interval '90 days')
  ORDER BY o.sent_at LIMIT :most
  FOR UPDATE SKIP LOCKED
)
RETURNING number
