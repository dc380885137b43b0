-- A redrive gives a job all its attempts again: only failures since then are charged, and it does not expire any more.
-- What is from before it was accepted is of an earlier job of that id: its events and attempts, and what a recorder of 0.1
-- left of it on the row. What was asked for, to tell the same call from another: the payload and the queue of the acceptance
-- (of several jobs in one line, positions are beyond its version).
SELECT j.id, j.status, j.queue, j.version, j.position, j.job_type,
  coalesce(CASE WHEN is_since(j.payload_version, j.position) THEN j.changed_payload END, j.payload)::text,
  j.payload::text, coalesce(j.options::text, '{}'), j.max_attempts,
  j.run_at, j.fence, CASE WHEN is_since(j.fence, j.position) THEN j.attempt ELSE 0 END, j.worker,
  again.version, tried.charged, tried.is_suspect, tried.was_dead, j.finished_at,
  asked.actor, asked.note, coalesce(accepted.queue, j.queue),
  last.error_reason, last.error_kind, last.error_message, last.traceback
FROM jobs j
CROSS JOIN LATERAL (
  SELECT coalesce(max(e.version), 0) AS version FROM job_events e WHERE e.job_id = j.id AND e.kind = 'redriven'
    AND is_since(e.version, j.position)
) again
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE r.fence > again.version AND r.status IN ('retried', 'failed', 'crashed')) AS charged,
    coalesce(bool_or(r.fence > again.version AND r.status IN ('crashed', 'suspected')), false) AS is_suspect,
    coalesce(bool_or(r.status = 'failed'), false) AS was_dead
  FROM job_results r WHERE r.job_id = j.id AND r.job_id = ANY(:ids) AND is_since(r.fence, j.position)
) tried
LEFT JOIN LATERAL (
  SELECT e.queue FROM job_events e
  WHERE e.job_id = j.id AND e.kind = 'enqueued' AND e.version BETWEEN j.position >> 20 << 20 AND j.position
  ORDER BY e.version DESC LIMIT 1
) accepted ON true
LEFT JOIN LATERAL (
  SELECT coalesce(e.actor, 'tally') AS actor, e.note FROM job_events e
  WHERE e.job_id = j.id AND e.kind = 'cancel_asked' AND j.status = 'started' AND e.version > j.fence
  ORDER BY e.version DESC LIMIT 1
) asked ON true
LEFT JOIN LATERAL (
  SELECT r.error_reason, r.error_kind, r.error_message, r.traceback
  FROM job_results r
  WHERE r.job_id = j.id AND r.job_id = ANY(:ids) AND is_since(r.fence, j.position) ORDER BY r.fence DESC LIMIT 1
) last ON true
WHERE j.id = ANY(:ids) AND j.position > 0
ORDER BY j.position, j.id
