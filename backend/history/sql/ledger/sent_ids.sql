SELECT job_id FROM job_outbox WHERE job_id = ANY(:ids) AND accepted_as = job_id
