SELECT status AS state, sum(jobs)::bigint AS jobs FROM job_counts GROUP BY status
