SELECT at, kind, status, queue, attempt, actor, run_ms, due_at, note
FROM job_events WHERE job_id = :job_id ORDER BY version
