SELECT hour, attempts, finished, failed, retried, crashed,
  run_ms_sum, run_buckets, run_counts, wait_ms_sum, wait_buckets, wait_counts
FROM current_job_statistics
WHERE hour >= :since AND hour < :until AND job_type = :job_type
ORDER BY hour
