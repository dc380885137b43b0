INSERT INTO /*schema.*/event_records (id, name, payload, source, tenant, trace_id, context_id, is_test)
VALUES (:id, :name, CAST(:payload AS json), :source, :tenant, :trace_id, :context_id, :is_test)
ON CONFLICT (id) DO NOTHING
RETURNING id
