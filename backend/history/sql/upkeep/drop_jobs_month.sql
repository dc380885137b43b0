SELECT drop_jobs_partition(:month, :before)
