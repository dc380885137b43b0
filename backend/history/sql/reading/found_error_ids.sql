-- The index over texts knows no order: what it finds is held against the index by position before any row is read.
-- A pattern out of a query, and no limit yet: a planner that guesses how many there are would leave one of them out.
WITH found AS MATERIALIZED (
  SELECT id, position FROM jobs
  WHERE last_error ILIKE (SELECT CAST(:error_pattern AS text)) AND last_error IS NOT NULL
    AND position >= :since_version AND position < :until_version
    AND (:after_position IS NULL OR (position, id) < (:after_position, :after_id))
)
SELECT id FROM found ORDER BY position DESC, id DESC LIMIT :most
