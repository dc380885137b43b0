UPDATE job_callbacks c
SET decided_at = clock_timestamp(), callback_job_id = d.callback_id, last_error = d.error
FROM unnest(CAST(:job_ids AS text[]), CAST(:versions AS bigint[]),
  CAST(:callback_ids AS text[]), CAST(:errors AS text[])) AS d (job_id, version, callback_id, error)
WHERE c.job_id = d.job_id AND c.version = d.version
