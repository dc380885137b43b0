COPY counted_jobs (job_id, status, queue, home, is_sound) FROM STDIN
