SELECT job_type, attempts, finished, failed, retried, crashed,
  run_ms_sum, CAST(run_buckets AS text) AS run_buckets, CAST(run_counts AS text) AS run_counts,
  wait_ms_sum, CAST(wait_buckets AS text) AS wait_buckets, CAST(wait_counts AS text) AS wait_counts
FROM summed_between(:since, :until, of_queues => false, of_types => true)
WHERE job_type <> ''
ORDER BY attempts DESC, job_type
