-- What went wrong, by queue, job type and kind of error, summed up with each hour and each day: to group the failures
-- of a month meant to read every one of them. And statistics over many days read the hours of no day that is summed up.

CREATE TYPE failure_count AS (
  queue      text COLLATE "C",
  job_type   text COLLATE "C",
  error_kind text COLLATE "C",
  attempts   bigint,
  failed     bigint,
  last_at    timestamptz
);

ALTER TABLE job_statistics ADD COLUMN failures failure_count[];
COMMENT ON COLUMN job_statistics.failures IS
  'Of the row of all queues and types: what went wrong in it. Null there: not counted yet, or attempts of it are gone since.';

CREATE INDEX job_statistics_to_count ON job_statistics (grain, since)
  WHERE queue = '' AND job_type = '' AND failures IS NULL;

CREATE FUNCTION failures_of_results(from_instant timestamptz, to_instant timestamptz) RETURNS failure_count[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(ROW(queue, job_type, error_kind, attempts, failed, last_at)::failure_count), '{}')
  FROM (
    SELECT queue, job_type, error_kind, count(*) AS attempts, count(*) FILTER (WHERE status = 'failed') AS failed,
      max(ended_at) AS last_at
    FROM job_results
    WHERE error_kind IS NOT NULL AND ended_at >= from_instant AND ended_at < to_instant
      AND status IN ('retried', 'failed', 'crashed', 'suspected')
    GROUP BY queue, job_type, error_kind) each
$$;

COMMENT ON FUNCTION failures_of_results IS 'Counted from the attempts themselves.';

-- As in 018, and what went wrong.
CREATE OR REPLACE FUNCTION statistics_of_results(from_instant timestamptz, to_instant timestamptz) RETURNS SETOF job_statistics
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
    t.wait_ms_sum, coalesce(w.buckets, '{}'), coalesce(w.counts, '{}'), t.queue,
    CASE WHEN t.queue = '' AND t.job_type = '' THEN failures_of_results(from_instant, to_instant) END
  FROM totals t LEFT JOIN runs r USING (queue, job_type) LEFT JOIN waits w USING (queue, job_type)
$$;

-- Whole days where they are summed up and nothing came for them since, hours for the rest; only rows of what is
-- asked for are put together, for that is most of the work. The row of all is among them where all are.
CREATE FUNCTION summed_between(from_hour timestamptz, to_hour timestamptz, of_queues boolean, of_types boolean)
RETURNS SETOF job_statistics
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH days AS MATERIALIZED (
    SELECT d.since FROM job_statistics d
    WHERE d.grain = 'day' AND d.queue = '' AND d.job_type = ''
      AND d.since >= from_hour AND d.since + interval '1 day' <= to_hour
      AND NOT EXISTS (SELECT FROM stale_hours m
        WHERE m.hour >= d.since AND m.hour < d.since + interval '1 day')
  ), hours AS MATERIALIZED (
    SELECT h.since FROM job_statistics h
    WHERE h.grain = 'hour' AND h.queue = '' AND h.job_type = '' AND h.since >= from_hour AND h.since < to_hour
      AND date_trunc('day', h.since, 'UTC') NOT IN (SELECT since FROM days)
      AND NOT EXISTS (SELECT FROM stale_hours m WHERE m.hour = h.since)
  ), parts AS MATERIALIZED (
    SELECT p.* FROM (
      SELECT d.* FROM days JOIN job_statistics d ON d.grain = 'day' AND d.since = days.since
      UNION ALL
      SELECT h.* FROM hours JOIN job_statistics h ON h.grain = 'hour' AND h.since = hours.since
      UNION ALL
      SELECT f.* FROM (SELECT DISTINCT hour FROM stale_hours WHERE hour >= from_hour AND hour < to_hour) m
      CROSS JOIN LATERAL statistics_of_results(m.hour, m.hour + interval '1 hour') f) p
    WHERE (of_queues AND of_types) OR (of_queues AND p.queue <> '') OR (of_types AND p.job_type <> '')
  ), totals AS (
    SELECT queue, job_type, sum(attempts)::bigint AS attempts, sum(finished)::bigint AS finished,
      sum(failed)::bigint AS failed, sum(retried)::bigint AS retried, sum(crashed)::bigint AS crashed,
      sum(run_ms_sum) AS run_ms_sum, sum(wait_ms_sum) AS wait_ms_sum,
      bool_and(failures IS NOT NULL) AS is_counted
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
    t.wait_ms_sum, coalesce(w.buckets, '{}'), coalesce(w.counts, '{}'), t.queue,
    CASE WHEN t.queue = '' AND t.job_type = '' AND t.is_counted THEN (
      SELECT coalesce(array_agg(ROW(queue, job_type, error_kind, attempts, failed, last_at)::failure_count), '{}')
      FROM (SELECT f.queue, f.job_type, f.error_kind, sum(f.attempts)::bigint AS attempts,
              sum(f.failed)::bigint AS failed, max(f.last_at) AS last_at
            FROM parts p, unnest(p.failures) f GROUP BY 1, 2, 3) each) END
  FROM totals t LEFT JOIN runs r USING (queue, job_type) LEFT JOIN waits w USING (queue, job_type)
$$;

COMMENT ON FUNCTION summed_between IS 'One row a queue, one a job type, or both and one of all, put together from whole hours.';

CREATE OR REPLACE FUNCTION statistics_between(from_hour timestamptz, to_hour timestamptz) RETURNS SETOF job_statistics
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT * FROM summed_between(from_hour, to_hour, true, true)
$$;

-- From the sums where hours are whole, over and counted; from the attempts where not, and where a window begins or
-- ends within an hour.
CREATE FUNCTION failures_between(from_instant timestamptz, to_instant timestamptz, of_queue text)
RETURNS TABLE (job_type text, error_kind text, attempts bigint, failed bigint, last_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH days AS MATERIALIZED (
    SELECT d.since, d.failures FROM job_statistics d
    WHERE d.grain = 'day' AND d.queue = '' AND d.job_type = '' AND d.failures IS NOT NULL
      AND d.since >= from_instant AND d.since + interval '1 day' <= to_instant
      AND NOT EXISTS (SELECT FROM stale_hours m
        WHERE m.hour >= d.since AND m.hour < d.since + interval '1 day')
  ), hours AS MATERIALIZED (
    SELECT h.since, h.failures FROM job_statistics h
    WHERE h.grain = 'hour' AND h.queue = '' AND h.job_type = ''
      AND h.since >= from_instant AND h.since + interval '1 hour' <= to_instant
      AND date_trunc('day', h.since, 'UTC') NOT IN (SELECT since FROM days)
      AND NOT EXISTS (SELECT FROM stale_hours m WHERE m.hour = h.since)
  ), uncounted AS MATERIALIZED (
    SELECT since, since + interval '1 hour' AS until FROM hours WHERE failures IS NULL
    UNION ALL
    SELECT DISTINCT hour, hour + interval '1 hour' FROM stale_hours
    WHERE hour >= from_instant AND hour + interval '1 hour' <= to_instant
    UNION ALL
    SELECT from_instant, least(to_instant, date_trunc('hour', from_instant, 'UTC') + interval '1 hour')
    WHERE from_instant > date_trunc('hour', from_instant, 'UTC')
    UNION ALL
    SELECT date_trunc('hour', to_instant, 'UTC'), to_instant
    WHERE to_instant > date_trunc('hour', to_instant, 'UTC') AND date_trunc('hour', to_instant, 'UTC') >= from_instant
  )
  SELECT f.job_type, f.error_kind, f.attempts, f.failed, f.last_at
  FROM (SELECT failures FROM days UNION ALL SELECT failures FROM hours) counted, unnest(counted.failures) f
  WHERE of_queue = '' OR f.queue = of_queue
  UNION ALL
  SELECT r.job_type, r.error_kind, count(*), count(*) FILTER (WHERE r.status = 'failed'), max(r.ended_at)
  FROM uncounted u JOIN job_results r ON r.ended_at >= u.since AND r.ended_at < u.until
  WHERE r.error_kind IS NOT NULL AND r.status IN ('retried', 'failed', 'crashed', 'suspected')
    AND (of_queue = '' OR r.queue = of_queue)
  GROUP BY r.job_type, r.error_kind
$$;

COMMENT ON FUNCTION failures_between IS 'What went wrong in a time, of a queue or ('''') of all, in any number of rows a kind.';

-- What a failure stands for is on record as long as its attempt is: hours that lose some are counted anew.
CREATE FUNCTION forget_failures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE job_statistics s SET failures = NULL
  FROM (SELECT DISTINCT date_trunc('hour', ended_at, 'UTC') AS hour FROM gone WHERE error_kind IS NOT NULL) AS went
  WHERE s.queue = '' AND s.job_type = '' AND s.failures IS NOT NULL
    AND s.since IN (went.hour, date_trunc('day', went.hour, 'UTC'))
    AND s.since = CASE s.grain WHEN 'hour' THEN went.hour ELSE date_trunc('day', went.hour, 'UTC') END;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION forget_failures FROM PUBLIC;

CREATE TRIGGER forget_failures AFTER DELETE ON job_results REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION forget_failures();

CREATE OR REPLACE FUNCTION drop_jobs_partition(month date, before timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first  date := date_trunc('month', month::timestamp);
  suffix text := '_' || to_char(first, 'YYYY_MM');
BEGIN
  IF (first + interval '1 month') AT TIME ZONE 'UTC' > least(now(), before) THEN
    RAISE EXCEPTION 'the month % is not over: its jobs are kept', to_char(first, 'YYYY-MM')
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF to_regclass('jobs' || suffix) IS NULL OR NOT is_over(to_regclass('jobs' || suffix), before) THEN
    RETURN false;
  END IF;
  -- Nobody may bring a job of it back to life from here on; those who read it may go on reading.
  EXECUTE format('LOCK TABLE %I IN SHARE MODE', 'jobs' || suffix);
  IF NOT is_over(to_regclass('jobs' || suffix), before) THEN
    RETURN false;
  END IF;
  DELETE FROM artifacts WHERE job_id COLLATE "C" >= first_id_of(first)
    AND job_id COLLATE "C" < first_id_of((first + interval '1 month')::date);
  DELETE FROM job_counts WHERE job_counts.month = first;
  EXECUTE format('UPDATE job_statistics s SET failures = NULL FROM (SELECT min(ended_at) AS first, max(ended_at) AS last'
    ' FROM %I WHERE error_kind IS NOT NULL) AS gone WHERE s.queue = '''' AND s.job_type = '''' AND s.failures IS NOT NULL'
    ' AND s.since >= date_trunc(''day'', gone.first, ''UTC'') AND s.since <= gone.last', 'job_results' || suffix);
  EXECUTE format('DROP TABLE %I, %I, %I', 'job_tags' || suffix, 'job_results' || suffix, 'jobs' || suffix);
  RETURN true;
END
$$;
