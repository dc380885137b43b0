-- The hour, and the day that was put together from it.
DELETE FROM job_statistics
WHERE (grain = 'hour' AND since = :hour)
  OR (grain = 'day' AND since = date_trunc('day', CAST(:hour AS timestamptz), 'UTC'))
