SELECT job::text, created_at, sent_at, accepted_as, last_error FROM /*schema.*/job_outbox
WHERE job_id = :job_id
