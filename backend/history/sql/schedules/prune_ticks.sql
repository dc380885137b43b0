DELETE FROM schedule_ticks WHERE (schedule_id, planned_at, by_hand) IN (
  SELECT schedule_id, planned_at, by_hand FROM schedule_ticks AS old
  WHERE planned_at < :before AND outcome <> 'planned' AND EXISTS (
    SELECT FROM schedule_ticks AS newer
    WHERE newer.schedule_id = old.schedule_id AND newer.planned_at > old.planned_at)
  ORDER BY planned_at LIMIT :most)
