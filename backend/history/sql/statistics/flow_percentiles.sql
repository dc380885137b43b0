SELECT date_bin(make_interval(secs => :seconds), ended_at, :since) AS at,
  percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY run_ms)
    FILTER (WHERE status IN ('finished', 'failed', 'retried')) AS run_ms,
  percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY wait_ms) AS wait_ms
FROM job_results
WHERE ended_at >= :since AND ended_at < :until AND (:queue = '' OR queue = :queue)
GROUP BY 1
ORDER BY 1
