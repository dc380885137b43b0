-- In UTC, as events are: this month and those after it. How many were made.
SELECT count(*) FILTER (WHERE make_job_events_partition(CAST(month AS date)))
  + count(*) FILTER (WHERE make_jobs_partition(CAST(month AS date)))
FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
  date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => :months), interval '1 month') AS month
