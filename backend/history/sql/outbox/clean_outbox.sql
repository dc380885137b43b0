-- A sent row stays until its job is on record, not only an earlier one of its id: should Redis lose its data before
-- that, it is sent again. One that was answered with a job that has left the record is not, and goes: `send_again`.
DELETE FROM job_outbox WHERE number IN (
  SELECT o.number FROM job_outbox o
  WHERE o.sent_at < clock_timestamp() - make_interval(secs => :age)
    AND (EXISTS (SELECT FROM jobs j WHERE j.id = o.accepted_as AND is_later(j.position, o.sent_after))
      OR o.accepted_as <> o.job_id AND EXISTS (SELECT FROM job_events e WHERE e.job_id = o.accepted_as OFFSET 0)
      OR o.sent_at < clock_timestamp() - interval '90 days')
  ORDER BY o.sent_at LIMIT :most
  FOR UPDATE SKIP LOCKED
)
RETURNING number
