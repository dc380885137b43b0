-- A start whose handler never began is no attempt: the row tells of the one before it again, if that was since it
-- was accepted. Looked for
-- after each batch that started jobs, because a recorder that was faster may have written the return. Ids are
-- said twice, so that only their months are planned for.
UPDATE jobs j
SET (fence, attempt, worker) = (
  SELECT coalesce(before.fence, 0), coalesce(before.attempt, 0), before.worker
  FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT r.fence, r.attempt, r.worker FROM job_results r
    WHERE r.job_id = j.id AND r.job_id = ANY(:ids) AND r.fence < j.fence AND is_since(r.fence, j.position) ORDER BY r.fence DESC LIMIT 1
  ) before ON true)
WHERE j.id = ANY(:ids) AND EXISTS (
  SELECT FROM job_events e
  WHERE e.job_id = j.id AND e.fence = j.fence AND e.version > j.fence AND e.attempt = 0)
