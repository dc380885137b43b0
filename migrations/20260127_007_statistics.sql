-- Statistics by hour and job type, derived from job_results. An hour is summed up once it is over, and so is
-- a day from its hours; an hour that has a mark in stale_hours is summed up anew by whoever asks, so
-- answers are never behind.

CREATE TABLE job_statistics (
  grain        text COLLATE "C" NOT NULL CHECK (grain IN ('hour', 'day')),
  -- '' stands for all types together.
  job_type     text COLLATE "C" NOT NULL,
  since        timestamptz NOT NULL,
  attempts     bigint NOT NULL,
  finished     bigint NOT NULL,
  failed       bigint NOT NULL,
  retried      bigint NOT NULL,
  crashed      bigint NOT NULL,
  run_ms_sum   double precision NOT NULL,
  run_buckets  smallint[] NOT NULL,
  run_counts   bigint[] NOT NULL,
  wait_ms_sum  double precision NOT NULL,
  wait_buckets smallint[] NOT NULL,
  wait_counts  bigint[] NOT NULL,
  PRIMARY KEY (grain, job_type, since)
);

COMMENT ON TABLE job_statistics IS 'Attempts by the hour or day (of UTC) in which they ended and by job type.';
COMMENT ON COLUMN job_statistics.run_buckets IS 'Histogram of run times, see duration_bucket(); empty buckets left out.';

CREATE INDEX job_statistics_by_time ON job_statistics (grain, since);

-- One row a batch at most, never updated: a recorder and a summary that overlap cannot miss each other,
-- because a mark and the rows it stands for become visible together.
CREATE TABLE stale_hours (
  hour timestamptz NOT NULL
);
CREATE INDEX stale_hours_by_hour ON stale_hours (hour);

COMMENT ON TABLE stale_hours IS 'Hours whose rows in job_statistics are missing or behind.';

-- Twenty buckets a decade from 0.1 ms to about 130 days: a percentile read from them is within 6 %.
CREATE FUNCTION duration_bucket(ms double precision) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ms < 0.1 THEN 0 ELSE least(floor(log(ms) * 20)::integer + 21, 222) END;

COMMENT ON FUNCTION duration_bucket IS 'Bucket b from 1 holds 10^((b-21)/20) to 10^((b-20)/20) ms; bucket 0 what is shorter.';

CREATE FUNCTION hour_of_results(an_hour timestamptz) RETURNS SETOF job_statistics
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH ended AS MATERIALIZED (
    SELECT job_type, status, wait_ms, duration_bucket(wait_ms) AS wait_bucket,
      CASE WHEN status IN ('finished', 'failed', 'retried') THEN run_ms END AS run_ms,
      CASE WHEN status IN ('finished', 'failed', 'retried') THEN duration_bucket(run_ms) END AS run_bucket
    FROM job_results
    WHERE ended_at >= an_hour AND ended_at < an_hour + interval '1 hour'
  ), totals AS (
    SELECT coalesce(job_type, '') AS job_type, count(*) AS attempts,
      count(*) FILTER (WHERE status = 'finished') AS finished,
      count(*) FILTER (WHERE status = 'failed') AS failed,
      count(*) FILTER (WHERE status = 'retried') AS retried,
      count(*) FILTER (WHERE status IN ('crashed', 'suspected')) AS crashed,
      coalesce(sum(run_ms), 0) AS run_ms_sum, coalesce(sum(wait_ms), 0)::double precision AS wait_ms_sum
    FROM ended GROUP BY GROUPING SETS ((job_type), ())
    HAVING count(*) > 0 AND job_type IS DISTINCT FROM ''
  ), runs AS (
    SELECT job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
    FROM (SELECT coalesce(job_type, '') AS job_type, run_bucket AS bucket, count(*) AS n
          FROM ended WHERE run_bucket IS NOT NULL
          GROUP BY GROUPING SETS ((job_type, run_bucket), (run_bucket))
          HAVING job_type IS DISTINCT FROM '') each_bucket
    GROUP BY job_type
  ), waits AS (
    SELECT job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
    FROM (SELECT coalesce(job_type, '') AS job_type, wait_bucket AS bucket, count(*) AS n
          FROM ended WHERE wait_bucket IS NOT NULL
          GROUP BY GROUPING SETS ((job_type, wait_bucket), (wait_bucket))
          HAVING job_type IS DISTINCT FROM '') each_bucket
    GROUP BY job_type
  )
  SELECT 'hour', t.job_type, an_hour, t.attempts, t.finished, t.failed, t.retried, t.crashed,
    t.run_ms_sum, coalesce(r.buckets, '{}'), coalesce(r.counts, '{}'),
    t.wait_ms_sum, coalesce(w.buckets, '{}'), coalesce(w.counts, '{}')
  FROM totals t LEFT JOIN runs r USING (job_type) LEFT JOIN waits w USING (job_type)
$$;

COMMENT ON FUNCTION hour_of_results IS 'The rows of job_statistics that an hour should have.';

CREATE VIEW current_hours AS
  SELECT s.since AS hour, s.job_type, s.attempts, s.finished, s.failed, s.retried, s.crashed,
    s.run_ms_sum, s.run_buckets, s.run_counts, s.wait_ms_sum, s.wait_buckets, s.wait_counts
  FROM job_statistics s
  WHERE s.grain = 'hour' AND NOT EXISTS (SELECT FROM stale_hours m WHERE m.hour = s.since)
  UNION ALL
  SELECT m.hour, f.job_type, f.attempts, f.finished, f.failed, f.retried, f.crashed,
    f.run_ms_sum, f.run_buckets, f.run_counts, f.wait_ms_sum, f.wait_buckets, f.wait_counts
  FROM (SELECT DISTINCT hour FROM stale_hours) m CROSS JOIN LATERAL hour_of_results(m.hour) f;

COMMENT ON VIEW current_hours IS 'The hours of job_statistics as they would be if each were summed up now.';

-- Whole days where they are summed up and nothing came for them since, hours for the rest.
CREATE FUNCTION statistics_between(from_hour timestamptz, to_hour timestamptz) RETURNS SETOF job_statistics
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH days AS MATERIALIZED (
    SELECT d.since FROM job_statistics d
    WHERE d.grain = 'day' AND d.job_type = ''
      AND d.since >= from_hour AND d.since + interval '1 day' <= to_hour
      AND NOT EXISTS (SELECT FROM stale_hours m
        WHERE m.hour >= d.since AND m.hour < d.since + interval '1 day')
  ), parts AS MATERIALIZED (
    SELECT d.job_type, d.attempts, d.finished, d.failed, d.retried, d.crashed,
      d.run_ms_sum, d.run_buckets, d.run_counts, d.wait_ms_sum, d.wait_buckets, d.wait_counts
    FROM days JOIN job_statistics d ON d.grain = 'day' AND d.since = days.since
    UNION ALL
    SELECT h.job_type, h.attempts, h.finished, h.failed, h.retried, h.crashed,
      h.run_ms_sum, h.run_buckets, h.run_counts, h.wait_ms_sum, h.wait_buckets, h.wait_counts
    FROM current_hours h
    WHERE h.hour >= from_hour AND h.hour < to_hour
      AND date_trunc('day', h.hour, 'UTC') NOT IN (SELECT since FROM days)
  ), totals AS (
    SELECT job_type, sum(attempts)::bigint AS attempts, sum(finished)::bigint AS finished,
      sum(failed)::bigint AS failed, sum(retried)::bigint AS retried, sum(crashed)::bigint AS crashed,
      sum(run_ms_sum) AS run_ms_sum, sum(wait_ms_sum) AS wait_ms_sum
    FROM parts GROUP BY job_type
  ), runs AS (
    SELECT job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
    FROM (SELECT job_type, bucket, sum(n)::bigint AS n
          FROM parts, unnest(run_buckets, run_counts) AS each_bucket (bucket, n)
          GROUP BY job_type, bucket) merged
    GROUP BY job_type
  ), waits AS (
    SELECT job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
    FROM (SELECT job_type, bucket, sum(n)::bigint AS n
          FROM parts, unnest(wait_buckets, wait_counts) AS each_bucket (bucket, n)
          GROUP BY job_type, bucket) merged
    GROUP BY job_type
  )
  SELECT 'day', t.job_type, from_hour, t.attempts, t.finished, t.failed, t.retried, t.crashed,
    t.run_ms_sum, coalesce(r.buckets, '{}'), coalesce(r.counts, '{}'),
    t.wait_ms_sum, coalesce(w.buckets, '{}'), coalesce(w.counts, '{}')
  FROM totals t LEFT JOIN runs r USING (job_type) LEFT JOIN waits w USING (job_type)
$$;

COMMENT ON FUNCTION statistics_between IS 'One row a job type, put together from whole hours.';
