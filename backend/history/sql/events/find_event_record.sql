SELECT id, name, payload::text, source, tenant, trace_id, context_id, is_test, created_at
FROM event_records WHERE id = :id
