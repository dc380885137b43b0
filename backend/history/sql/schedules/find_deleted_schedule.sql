SELECT * FROM schedules
WHERE name = :name AND deleted_at IS NOT NULL
ORDER BY deleted_at DESC LIMIT 1
