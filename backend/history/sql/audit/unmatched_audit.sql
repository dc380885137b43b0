SELECT number, at, actor, actor_id, actor_kind, role, source, channel, action, outcome, object, affected_ids, affected,
  reason, before::text, after::text, request_id, trace_id, previous_hash, hash
FROM audit_log i
WHERE i.outcome = 'intended' AND i.at < :older_than AND i.at >= :older_than - interval '30 days'
  AND NOT EXISTS (
    SELECT FROM audit_log o
    WHERE o.request_id = i.request_id AND o.action = i.action AND o.object = i.object
      AND o.number > i.number AND o.outcome <> 'intended')
ORDER BY number LIMIT :most
