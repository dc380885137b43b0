-- As texts, not as one JSON array: a payload may hold characters that Postgres would not take apart.
INSERT INTO /*schema.*/job_outbox (job_id, job)
SELECT entry.id, CAST(entry.job AS json)
FROM unnest(CAST(:ids AS text[]), CAST(:jobs AS text[])) WITH ORDINALITY AS entry (id, job, place)
ORDER BY entry.place
ON CONFLICT (job_id) DO NOTHING
RETURNING job_id
