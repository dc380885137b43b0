-- Beside each seal what its events give today, whatever the tables that they are in are called: as many seals
-- as have so many events together, and always one.
SELECT s.number, s.after_version, s.until_version, s.events, s.digest, s.previous_hash, s.hash,
  today.events, today.digest
FROM (
  SELECT *, sum(events) OVER (ORDER BY number) - events AS before
  FROM (SELECT * FROM job_event_seals WHERE number > :after ORDER BY number LIMIT :most) next
) s CROSS JOIN LATERAL digest_of_events(s.after_version, s.until_version) today
WHERE s.before = 0 OR s.before + s.events <= :most_events ORDER BY s.number
