-- Rows that came meanwhile are not seen and stay; of two who do this at once the second finds the rows gone. Not while a
-- month of jobs is made or dropped: `drop_jobs_month`.
WITH gone AS (
  DELETE FROM job_counts WHERE (SELECT pg_try_advisory_xact_lock(hashtext('jobs partitions')))
  RETURNING jobs, month, status, job_type, queue)
INSERT INTO job_counts (jobs, month, status, job_type, queue)
SELECT sum(jobs), month, status, job_type, queue FROM gone
GROUP BY month, status, job_type, queue HAVING sum(jobs) <> 0
