SELECT s.name, t.planned_at, t.outcome, t.job_id, coalesce(j.status, '') AS state
FROM schedules AS s
CROSS JOIN LATERAL (
  SELECT planned_at, outcome, job_id FROM schedule_ticks
  WHERE schedule_id = s.id AND outcome <> 'planned'
  ORDER BY planned_at DESC LIMIT :most
) AS t
LEFT JOIN jobs AS j ON j.id = t.job_id
WHERE s.deleted_at IS NULL AND (CAST(:name AS text) IS NULL OR s.name = :name)
ORDER BY s.name, t.planned_at
