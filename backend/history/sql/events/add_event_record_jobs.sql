INSERT INTO /*schema.*/event_record_jobs (event_id, subscription, job_id)
SELECT :event_id, job.subscription, job.id
FROM unnest(CAST(:subscriptions AS text[]), CAST(:job_ids AS text[])) AS job (subscription, id)
