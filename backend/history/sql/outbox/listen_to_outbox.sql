LISTEN job_outbox
