-- A start that was given back unbegun is told of with its fence, and as no attempt. What is from before it was accepted is
-- of an earlier job of that id: its events, and what a recorder of 0.1 left of it on the row.
SELECT j.id, j.status, j.queue, j.position, j.status_version, j.version, j.fence,
  CASE WHEN is_since(j.fence, j.position) THEN j.attempt ELSE 0 END, j.worker, j.run_at, e.status, j.discarded_version,
  said.returns, CASE WHEN is_since(j.payload_version, j.position) THEN j.changed_payload::text END, said.is_asked_to_stop
FROM jobs j LEFT JOIN job_events e ON e.job_id = j.id AND e.version = j.status_version
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE a.attempt = 0 AND a.fence IS NOT NULL AND is_since(a.fence, j.position)) AS returns,
    coalesce(bool_or(a.kind = 'cancel_asked' AND a.version > j.fence AND j.status = 'started'), false) AS is_asked_to_stop
  FROM job_events a WHERE a.job_id = j.id AND a.job_id = ANY(:ids)
) said
WHERE j.id = ANY(:ids)
