DELETE FROM job_callbacks WHERE (job_id, version) IN (
  SELECT job_id, version FROM job_callbacks
  WHERE decided_at < clock_timestamp() - make_interval(secs => :age)
  ORDER BY decided_at LIMIT :most
  FOR UPDATE SKIP LOCKED
)
RETURNING job_id
