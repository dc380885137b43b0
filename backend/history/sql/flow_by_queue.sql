WITH ended AS MATERIALIZED (
  SELECT queue, status, wait_ms, duration_bucket(wait_ms) AS wait_bucket,
    CASE WHEN status IN ('finished', 'failed', 'retried') THEN run_ms END AS run_ms,
    CASE WHEN status IN ('finished', 'failed', 'retried') THEN duration_bucket(run_ms) END AS run_bucket
  FROM job_results WHERE ended_at >= :since AND ended_at < :until
), totals AS (
  SELECT queue, count(*) AS ended, count(*) FILTER (WHERE status = 'finished') AS finished,
    count(*) FILTER (WHERE status IN ('retried', 'failed', 'crashed', 'suspected')) AS wrong,
    coalesce(sum(run_ms), 0) AS run_ms_sum, coalesce(sum(wait_ms), 0)::float AS wait_ms_sum
  FROM ended GROUP BY queue
), runs AS (
  SELECT queue, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
  FROM (SELECT queue, run_bucket AS bucket, count(*) AS n FROM ended
        WHERE run_bucket IS NOT NULL GROUP BY 1, 2) each_bucket GROUP BY queue
), waits AS (
  SELECT queue, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
  FROM (SELECT queue, wait_bucket AS bucket, count(*) AS n FROM ended
        WHERE wait_bucket IS NOT NULL GROUP BY 1, 2) each_bucket GROUP BY queue
)
SELECT t.*, coalesce(r.buckets, '{}') AS run_buckets, coalesce(r.counts, '{}') AS run_counts,
  coalesce(w.buckets, '{}') AS wait_buckets, coalesce(w.counts, '{}') AS wait_counts
FROM totals t LEFT JOIN runs r USING (queue) LEFT JOIN waits w USING (queue)
