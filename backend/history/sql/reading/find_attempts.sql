SELECT attempt, status, worker, queue, started_at, ended_at, wait_ms, run_ms, result_payload,
  error_reason, error_kind, error_message, traceback, log
FROM job_results WHERE job_id = :job_id ORDER BY fence
