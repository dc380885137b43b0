-- Histograms as text: they are split much faster than arrays are read.
SELECT hour, attempts, finished, failed, retried, crashed,
  run_ms_sum, CAST(run_buckets AS text) AS run_buckets, CAST(run_counts AS text) AS run_counts,
  wait_ms_sum, CAST(wait_buckets AS text) AS wait_buckets, CAST(wait_counts AS text) AS wait_counts
FROM current_hours
WHERE hour >= :since AND hour < :until AND job_type = :job_type AND queue = :queue
ORDER BY hour
