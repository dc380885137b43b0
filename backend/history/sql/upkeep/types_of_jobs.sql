SELECT DISTINCT job_type FROM job_counts WHERE status = :state AND job_type <> ALL(:except_types)
