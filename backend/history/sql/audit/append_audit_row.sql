INSERT INTO audit_log (
  number, at, actor, actor_id, actor_kind, role, source, channel, action, outcome, object, affected_ids, affected,
  reason, before, after, request_id, trace_id, previous_hash, hash)
VALUES (
  :number, :at, :actor, :actor_id, :actor_kind, :role, :source, :channel, :action, :outcome, :object,
  CAST(:affected_ids AS text[]), :affected, :reason, CAST(:before AS json), CAST(:after AS json),
  :request_id, :trace_id, :previous_hash, :hash)
