SELECT e.subscription, e.job_id, j.job_type, j.status, j.finished_at, j.last_error,
  (SELECT r.result_payload FROM job_results r
   WHERE r.job_id = e.job_id AND r.status = 'finished' ORDER BY r.fence DESC LIMIT 1) AS result
FROM event_record_jobs e
LEFT JOIN jobs j ON j.id = e.job_id
WHERE e.event_id = :id
ORDER BY e.subscription
