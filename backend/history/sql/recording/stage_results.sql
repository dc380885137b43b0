COPY staged_results (
  job_id, fence, version, attempt, status, job_type, queue, worker, trace_id, ready_version, run_ms,
  result_payload, error_reason, error_kind, error_message, traceback, log
) FROM STDIN WITH (NULL '')
