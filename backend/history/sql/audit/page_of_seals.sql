-- Beside each seal what its events give today, whatever the tables that they are in are called.
SELECT s.number, s.after_version, s.until_version, s.events, s.digest, s.previous_hash, s.hash,
  today.events, today.digest
FROM job_event_seals s CROSS JOIN LATERAL digest_of_events(s.after_version, s.until_version) today
WHERE s.number > :after ORDER BY s.number LIMIT :most
