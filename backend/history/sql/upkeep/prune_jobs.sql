-- A job that ended before an instant was accepted before it, so the indexes by position lead from the oldest
-- on; `after_position` skips what an earlier batch has deleted. Jobs of one moment may share a position, so it
-- is looked at again. Of one type by the index of types: to leave another one out, which is kept longer, all of that
-- would be read. Bounds of ids leave out the months that go whole. A dead job stays until it is told that it has left
-- the dead-letter queue: what is told of it later would make a row that has failed for ever. There are such rows: they
-- have no end of their own.
WITH old AS (
  SELECT id, position FROM jobs
  WHERE status = :state AND position >= :after_position AND position < :before_version
    AND coalesce(finished_at, instant_of(version)) < :before
    AND (status <> 'failed' OR discarded_version > 0 OR position <= 0)
    AND (:ids_from IS NULL OR id >= :ids_from) AND (:ids_to IS NULL OR id < :ids_to)
    AND (:job_type IS NULL OR job_type = :job_type)
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
