SELECT number, at, actor, actor_id, actor_kind, role, source, channel, action, outcome, object, affected_ids, affected,
  reason, before::text, after::text, request_id, trace_id, previous_hash, hash
FROM audit_log
WHERE (:below = 0 OR number < :below)
  AND (:actor = '' OR actor = :actor)
  AND (:action = '' OR action = :action)
  AND (:affected_id = '' OR affected_ids @> ARRAY[CAST(:affected_id AS text)])
  AND (:request_id = '' OR request_id = :request_id)
  AND (CAST(:since AS timestamptz) IS NULL OR at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR at < :until)
ORDER BY number DESC LIMIT :most
