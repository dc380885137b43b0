-- Beside each seal: what its events give today, and whether their month was dropped as a whole.
SELECT s.number, s.after_version, s.until_version, s.events, s.digest, s.previous_hash, s.hash,
  today.events, today.digest,
  to_regclass('job_events_' || to_char(instant_of(s.until_version) AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL
FROM job_event_seals s CROSS JOIN LATERAL digest_of_events(s.after_version, s.until_version) today
WHERE s.number > :after ORDER BY s.number LIMIT :most
