-- A redrive gives a job all its attempts again: only failures since then are charged.
SELECT j.id, j.status, j.queue, j.version, j.position, j.job_type,
  coalesce(j.changed_payload, j.payload)::text, coalesce(j.options::text, '{}'), j.max_attempts,
  j.run_at, j.fence, j.attempt, j.worker, charged.failures, last.status, j.finished_at,
  last.error_reason, last.error_kind, last.error_message, last.traceback
FROM jobs j
CROSS JOIN LATERAL (
  SELECT count(*) AS failures FROM job_results r
  WHERE r.job_id = j.id AND r.job_id = ANY(:ids) AND r.status IN ('retried', 'failed', 'crashed')
    AND r.fence > coalesce((
      SELECT max(e.version) FROM job_events e WHERE e.job_id = j.id AND e.kind = 'redriven'), 0)
) charged
LEFT JOIN LATERAL (
  SELECT r.status, r.error_reason, r.error_kind, r.error_message, r.traceback
  FROM job_results r WHERE r.job_id = j.id AND r.job_id = ANY(:ids) ORDER BY r.fence DESC LIMIT 1
) last ON true
WHERE j.id = ANY(:ids) AND j.position > 0
ORDER BY j.position, j.id
