SELECT max(version) FROM (
  SELECT version FROM job_events WHERE version > :after AND version <= :until ORDER BY version LIMIT :most
) stretch
