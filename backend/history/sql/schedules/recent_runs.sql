SELECT job_id, outcome = 'ran' AS is_enqueued FROM schedule_ticks
WHERE schedule_id = :schedule_id AND job_id IS NOT NULL
ORDER BY planned_at DESC LIMIT :most
