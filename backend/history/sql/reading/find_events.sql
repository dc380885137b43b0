-- A start that was taken back, by an event that names it and belongs to no attempt, was only a claim.
SELECT e.at, CASE WHEN back.version IS NULL THEN e.kind ELSE 'claimed' END AS kind, e.status, e.queue,
  CASE WHEN back.version IS NULL THEN e.attempt ELSE 0 END AS attempt, e.actor, e.run_ms, e.due_at, e.note
FROM job_events e LEFT JOIN job_events back
  ON e.kind = 'started' AND back.job_id = e.job_id AND back.fence = e.version AND back.version > e.version
    AND back.attempt = 0
WHERE e.job_id = :job_id ORDER BY e.version
