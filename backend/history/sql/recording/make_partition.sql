SELECT make_job_events_partition(:month)
