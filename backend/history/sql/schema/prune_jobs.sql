-- A job that ended before an instant was accepted before it, so the index by status and position leads
-- from the oldest on; `after_position` skips what an earlier batch of the same
-- round has deleted; jobs of one moment may share a position, so it is looked at again.
WITH old AS (
  SELECT id, position FROM jobs
  WHERE status = :state AND position >= :after_position AND position < :before_version
    AND finished_at < :before
    AND (:job_type = '' OR job_type = :job_type) AND job_type <> ALL (:except_types)
  ORDER BY position LIMIT :most
  FOR UPDATE SKIP LOCKED
), results AS (
  DELETE FROM job_results r USING old WHERE r.job_id = old.id
), files AS (
  DELETE FROM artifacts a USING old WHERE a.job_id = old.id
), gone AS (
  DELETE FROM jobs j USING old WHERE j.id = old.id RETURNING old.position
)
SELECT count(*) AS jobs, max(position) AS last_position FROM gone
