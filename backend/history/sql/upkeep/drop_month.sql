SELECT drop_job_events_partition(:month)
