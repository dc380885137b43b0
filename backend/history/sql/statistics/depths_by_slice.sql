SELECT date_bin(make_interval(secs => :seconds), at, :since) AS at,
  max(waiting) AS waiting, max(oldest_wait_ms) AS oldest_wait_ms
FROM queue_depths
WHERE queue = :queue AND at >= :since AND at < :until
GROUP BY 1
ORDER BY 1
