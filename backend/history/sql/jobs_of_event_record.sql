SELECT subscription, job_id FROM event_record_jobs WHERE event_id = :id ORDER BY subscription
