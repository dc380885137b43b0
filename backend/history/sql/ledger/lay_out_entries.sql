COPY counted_entries (job_id, place) FROM STDIN
