-- Statistics by hour and job type, derived from job_results. An hour is summed up once it is over; an hour
-- that has a mark in stale_hours is summed up anew by whoever asks, so answers are never behind.

CREATE TABLE job_statistics (
  hour         timestamptz NOT NULL,
  -- '' stands for all types together.
  job_type     text COLLATE "C" NOT NULL,
  attempts     integer NOT NULL,
  finished     integer NOT NULL,
  failed       integer NOT NULL,
  retried      integer NOT NULL,
  crashed      integer NOT NULL,
  run_ms_sum   double precision NOT NULL,
  run_buckets  smallint[] NOT NULL,
  run_counts   integer[] NOT NULL,
  wait_ms_sum  double precision NOT NULL,
  wait_buckets smallint[] NOT NULL,
  wait_counts  integer[] NOT NULL,
  PRIMARY KEY (hour, job_type)
);

COMMENT ON TABLE job_statistics IS 'Attempts by the hour in which they ended and by job type.';
COMMENT ON COLUMN job_statistics.run_buckets IS 'Histogram of run times, see duration_bucket(); empty buckets left out.';

-- One row a batch at most, never updated: a recorder and a summary that overlap cannot miss each other,
-- because a mark and the rows it stands for become visible together.
CREATE TABLE stale_hours (
  hour timestamptz NOT NULL
);
CREATE INDEX stale_hours_by_hour ON stale_hours (hour);

COMMENT ON TABLE stale_hours IS 'Hours whose row in job_statistics is missing or behind.';

-- Twenty buckets a decade from 0.1 ms to about 130 days: a percentile read from them is within 6 %.
CREATE FUNCTION duration_bucket(ms double precision) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ms < 0.1 THEN 0 ELSE least(floor(log(ms) * 20)::integer + 21, 222) END;

COMMENT ON FUNCTION duration_bucket IS 'Bucket b from 1 holds 10^((b-21)/20) to 10^((b-20)/20) ms; bucket 0 what is shorter.';

CREATE FUNCTION summary_of(an_hour timestamptz) RETURNS SETOF job_statistics
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
      coalesce(sum(run_ms), 0) AS run_ms_sum, coalesce(sum(wait_ms), 0) AS wait_ms_sum
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
  SELECT an_hour, t.job_type, t.attempts::integer, t.finished::integer, t.failed::integer,
    t.retried::integer, t.crashed::integer,
    t.run_ms_sum, coalesce(r.buckets, '{}'), coalesce(r.counts, '{}')::integer[],
    t.wait_ms_sum, coalesce(w.buckets, '{}'), coalesce(w.counts, '{}')::integer[]
  FROM totals t LEFT JOIN runs r USING (job_type) LEFT JOIN waits w USING (job_type)
$$;

COMMENT ON FUNCTION summary_of IS 'The rows of job_statistics that an hour should have.';

CREATE VIEW current_job_statistics AS
  SELECT s.hour, s.job_type, s.attempts, s.finished, s.failed, s.retried, s.crashed,
    s.run_ms_sum, s.run_buckets, s.run_counts, s.wait_ms_sum, s.wait_buckets, s.wait_counts
  FROM job_statistics s
  WHERE NOT EXISTS (SELECT FROM stale_hours m WHERE m.hour = s.hour)
  UNION ALL
  SELECT m.hour, f.job_type, f.attempts, f.finished, f.failed, f.retried, f.crashed,
    f.run_ms_sum, f.run_buckets, f.run_counts, f.wait_ms_sum, f.wait_buckets, f.wait_counts
  FROM (SELECT DISTINCT hour FROM stale_hours) m CROSS JOIN LATERAL summary_of(m.hour) f;

COMMENT ON VIEW current_job_statistics IS 'job_statistics as it would be if every hour were summed up now.';
