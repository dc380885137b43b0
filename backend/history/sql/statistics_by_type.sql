WITH hours AS MATERIALIZED (
  SELECT * FROM current_job_statistics WHERE hour >= :since AND hour < :until AND job_type <> ''
), totals AS (
  SELECT job_type, sum(attempts) AS attempts, sum(finished) AS finished, sum(failed) AS failed,
    sum(retried) AS retried, sum(crashed) AS crashed,
    sum(run_ms_sum) AS run_ms_sum, sum(wait_ms_sum) AS wait_ms_sum
  FROM hours GROUP BY job_type
), runs AS (
  SELECT job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
  FROM (SELECT job_type, bucket, sum(n)::integer AS n
        FROM hours, unnest(run_buckets, run_counts) AS each(bucket, n) GROUP BY job_type, bucket) merged
  GROUP BY job_type
), waits AS (
  SELECT job_type, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
  FROM (SELECT job_type, bucket, sum(n)::integer AS n
        FROM hours, unnest(wait_buckets, wait_counts) AS each(bucket, n) GROUP BY job_type, bucket) merged
  GROUP BY job_type
)
SELECT t.job_type, t.attempts, t.finished, t.failed, t.retried, t.crashed,
  t.run_ms_sum, coalesce(r.buckets, '{}') AS run_buckets, coalesce(r.counts, '{}') AS run_counts,
  t.wait_ms_sum, coalesce(w.buckets, '{}') AS wait_buckets, coalesce(w.counts, '{}') AS wait_counts
FROM totals t LEFT JOIN runs r USING (job_type) LEFT JOIN waits w USING (job_type)
ORDER BY t.attempts DESC, t.job_type
