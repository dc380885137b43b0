INSERT INTO set_aside_events (stream_id, entry, reason)
VALUES (:stream_id, :entry, :reason)
ON CONFLICT (stream_id) DO NOTHING
