-- Behind the last seal there is little to read; before it nothing is later.
WITH sealed AS (
  SELECT coalesce((SELECT until_version FROM job_event_seals ORDER BY number DESC LIMIT 1), 0) AS version
)
SELECT greatest(sealed.version, coalesce((SELECT max(version) FROM job_events WHERE version > sealed.version), 0))
FROM sealed
