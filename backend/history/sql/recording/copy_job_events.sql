COPY job_events (
  job_id, version, kind, status, queue, attempt, actor, fence, run_ms, due_at, note, payload
) FROM STDIN WITH (NULL '')
