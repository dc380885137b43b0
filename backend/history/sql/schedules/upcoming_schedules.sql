SELECT *, clock_timestamp() AS now FROM schedules
WHERE next_due_at IS NOT NULL
ORDER BY next_due_at, id LIMIT :most OFFSET :start
