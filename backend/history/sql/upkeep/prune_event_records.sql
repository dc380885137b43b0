-- By whole months, for so go the jobs that they led to: events of a month of which most jobs are there still would be
-- read in vain at each round. Their jobs in the table beside go with them. OFFSET 0: it is asked of each event by
-- indexes, never read whole.
DELETE FROM event_records WHERE id IN (
  SELECT e.id FROM event_records e
  WHERE e.created_at < date_trunc('month', CAST(:before AS timestamptz), 'UTC')
    AND NOT EXISTS (
      SELECT FROM event_record_jobs s WHERE s.event_id = e.id AND (
        EXISTS (SELECT FROM jobs j WHERE j.id = s.job_id OFFSET 0)
        OR EXISTS (SELECT FROM job_outbox o WHERE o.job_id = s.job_id OFFSET 0))
      OFFSET 0)
  ORDER BY e.created_at, e.id LIMIT :most
  FOR UPDATE OF e SKIP LOCKED
)
