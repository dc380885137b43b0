SELECT number, at, actor, actor_id, actor_kind, role, source, channel, action, outcome, object, affected_ids, affected,
  reason, before::text, after::text, request_id, trace_id, previous_hash, hash
FROM audit_log WHERE number > :after ORDER BY number LIMIT :most
