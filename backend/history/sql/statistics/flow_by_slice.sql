SELECT date_bin(make_interval(secs => :seconds), ended_at, :since) AS at, queue,
  count(*) FILTER (WHERE status = 'finished') AS finished,
  count(*) FILTER (WHERE status IN ('retried', 'failed', 'crashed', 'suspected')) AS wrong
FROM job_results
WHERE ended_at >= :since AND ended_at < :until
GROUP BY 1, 2
ORDER BY 1, 2
