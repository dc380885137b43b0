DELETE FROM set_aside_events WHERE stream_id IN (
  SELECT stream_id FROM set_aside_events WHERE set_aside_at < :before ORDER BY set_aside_at LIMIT :most
)
