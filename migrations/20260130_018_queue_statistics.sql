-- Statistics by queue beside those by job type: a row is of a queue, of a job type, or ('' and '') of all.

ALTER TABLE job_statistics ADD COLUMN queue text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE job_statistics DROP CONSTRAINT job_statistics_pkey;
ALTER TABLE job_statistics ADD PRIMARY KEY (grain, queue, job_type, since);
ALTER TABLE job_statistics ADD CHECK (queue = '' OR job_type = '');

COMMENT ON TABLE job_statistics IS 'Attempts by the hour or day (of UTC) in which they ended, by queue and by job type.';

CREATE FUNCTION statistics_of_results(from_instant timestamptz, to_instant timestamptz) RETURNS SETOF job_statistics
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH ended AS MATERIALIZED (
    SELECT queue, job_type, status, wait_ms, duration_bucket(wait_ms) AS wait_bucket,
      CASE WHEN status IN ('finished', 'failed', 'retried') THEN run_ms END AS run_ms,
      CASE WHEN status IN ('finished', 'failed', 'retried') THEN duration_bucket(run_ms) END AS run_bucket
    FROM job_results
    WHERE ended_at >= from_instant AND ended_at < to_instant
  ), totals AS (
    SELECT coalesce(queue, '') AS queue, coalesce(job_type, '') AS job_type, count(*) AS attempts,
      count(*) FILTER (WHERE status = 'finished') AS finished,
      count(*) FILTER (WHERE status = 'failed') AS failed,
      count(*) FILTER (WHERE status = 'retried') AS retried,
      count(*) FILTER (WHERE status IN ('crashed', 'suspected')) AS crashed,
      coalesce(sum(run_ms), 0) AS run_ms_sum, coalesce(sum(wait_ms), 0)::double precision AS wait_ms_sum
    FROM ended GROUP BY GROUPING SETS ((queue), (job_type), ())
    HAVING count(*) > 0 AND job_type IS DISTINCT FROM ''
  ), runs AS (
    SELECT queue, job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
    FROM (SELECT coalesce(queue, '') AS queue, coalesce(job_type, '') AS job_type, run_bucket AS bucket, count(*) AS n
          FROM ended WHERE run_bucket IS NOT NULL
          GROUP BY GROUPING SETS ((queue, run_bucket), (job_type, run_bucket), (run_bucket))
          HAVING job_type IS DISTINCT FROM '') each_bucket
    GROUP BY queue, job_type
  ), waits AS (
    SELECT queue, job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
    FROM (SELECT coalesce(queue, '') AS queue, coalesce(job_type, '') AS job_type, wait_bucket AS bucket, count(*) AS n
          FROM ended WHERE wait_bucket IS NOT NULL
          GROUP BY GROUPING SETS ((queue, wait_bucket), (job_type, wait_bucket), (wait_bucket))
          HAVING job_type IS DISTINCT FROM '') each_bucket
    GROUP BY queue, job_type
  )
  SELECT 'hour', t.job_type, from_instant, t.attempts, t.finished, t.failed, t.retried, t.crashed,
    t.run_ms_sum, coalesce(r.buckets, '{}'), coalesce(r.counts, '{}'),
    t.wait_ms_sum, coalesce(w.buckets, '{}'), coalesce(w.counts, '{}'), t.queue
  FROM totals t LEFT JOIN runs r USING (queue, job_type) LEFT JOIN waits w USING (queue, job_type)
$$;

COMMENT ON FUNCTION statistics_of_results IS 'Counted from the attempts themselves; of an hour, the rows of job_statistics that it should have.';

CREATE OR REPLACE VIEW current_hours AS
  SELECT s.since AS hour, s.job_type, s.attempts, s.finished, s.failed, s.retried, s.crashed,
    s.run_ms_sum, s.run_buckets, s.run_counts, s.wait_ms_sum, s.wait_buckets, s.wait_counts, s.queue
  FROM job_statistics s
  WHERE s.grain = 'hour' AND NOT EXISTS (SELECT FROM stale_hours m WHERE m.hour = s.since)
  UNION ALL
  SELECT m.hour, f.job_type, f.attempts, f.finished, f.failed, f.retried, f.crashed,
    f.run_ms_sum, f.run_buckets, f.run_counts, f.wait_ms_sum, f.wait_buckets, f.wait_counts, f.queue
  FROM (SELECT DISTINCT hour FROM stale_hours) m
  CROSS JOIN LATERAL statistics_of_results(m.hour, m.hour + interval '1 hour') f;

DROP FUNCTION hour_of_results;

CREATE OR REPLACE FUNCTION statistics_between(from_hour timestamptz, to_hour timestamptz) RETURNS SETOF job_statistics
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH days AS MATERIALIZED (
    SELECT d.since FROM job_statistics d
    WHERE d.grain = 'day' AND d.queue = '' AND d.job_type = ''
      AND d.since >= from_hour AND d.since + interval '1 day' <= to_hour
      AND NOT EXISTS (SELECT FROM stale_hours m
        WHERE m.hour >= d.since AND m.hour < d.since + interval '1 day')
  ), parts AS MATERIALIZED (
    SELECT d.queue, d.job_type, d.attempts, d.finished, d.failed, d.retried, d.crashed,
      d.run_ms_sum, d.run_buckets, d.run_counts, d.wait_ms_sum, d.wait_buckets, d.wait_counts
    FROM days JOIN job_statistics d ON d.grain = 'day' AND d.since = days.since
    UNION ALL
    SELECT h.queue, h.job_type, h.attempts, h.finished, h.failed, h.retried, h.crashed,
      h.run_ms_sum, h.run_buckets, h.run_counts, h.wait_ms_sum, h.wait_buckets, h.wait_counts
    FROM current_hours h
    WHERE h.hour >= from_hour AND h.hour < to_hour
      AND date_trunc('day', h.hour, 'UTC') NOT IN (SELECT since FROM days)
  ), totals AS (
    SELECT queue, job_type, sum(attempts)::bigint AS attempts, sum(finished)::bigint AS finished,
      sum(failed)::bigint AS failed, sum(retried)::bigint AS retried, sum(crashed)::bigint AS crashed,
      sum(run_ms_sum) AS run_ms_sum, sum(wait_ms_sum) AS wait_ms_sum
    FROM parts GROUP BY queue, job_type
  ), runs AS (
    SELECT queue, job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
    FROM (SELECT queue, job_type, bucket, sum(n)::bigint AS n
          FROM parts, unnest(run_buckets, run_counts) AS each_bucket (bucket, n)
          GROUP BY queue, job_type, bucket) merged
    GROUP BY queue, job_type
  ), waits AS (
    SELECT queue, job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
    FROM (SELECT queue, job_type, bucket, sum(n)::bigint AS n
          FROM parts, unnest(wait_buckets, wait_counts) AS each_bucket (bucket, n)
          GROUP BY queue, job_type, bucket) merged
    GROUP BY queue, job_type
  )
  SELECT 'day', t.job_type, from_hour, t.attempts, t.finished, t.failed, t.retried, t.crashed,
    t.run_ms_sum, coalesce(r.buckets, '{}'), coalesce(r.counts, '{}'),
    t.wait_ms_sum, coalesce(w.buckets, '{}'), coalesce(w.counts, '{}'), t.queue
  FROM totals t LEFT JOIN runs r USING (queue, job_type) LEFT JOIN waits w USING (queue, job_type)
$$;

COMMENT ON FUNCTION statistics_between IS 'One row a queue and one a job type, put together from whole hours.';

-- What the pages look back on is counted anew, where the attempts are still kept.
INSERT INTO stale_hours (hour)
SELECT s.since FROM job_statistics s
WHERE s.grain = 'hour' AND s.job_type = '' AND s.since >= now() - interval '8 days'
  AND EXISTS (SELECT FROM job_results r WHERE r.ended_at >= s.since AND r.ended_at < s.since + interval '1 hour');
