SELECT s.*, t.*, clock_timestamp() AS now, (
    SELECT min(due_at) FROM schedule_ticks WHERE schedule_id = s.id AND outcome = 'planned'
  ) AS unfired_since
FROM schedules AS s
LEFT JOIN LATERAL (
  SELECT * FROM schedule_ticks
  WHERE schedule_id = s.id AND outcome <> 'planned'
  ORDER BY planned_at DESC LIMIT 1
) AS t ON true
WHERE s.deleted_at IS NULL AND (CAST(:name AS text) IS NULL OR s.name = :name)
ORDER BY s.name
