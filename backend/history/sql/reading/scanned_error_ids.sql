-- The newest jobs with an error are looked through one by one, as far back as told.
SELECT id FROM (
  SELECT id, position, last_error FROM jobs
  WHERE last_error IS NOT NULL AND position >= :since_version AND position < :until_version
    AND (:after_position IS NULL OR (position, id) < (:after_position, :after_id))
  ORDER BY position DESC, id DESC
  LIMIT :newest
) AS newest
WHERE last_error ILIKE :error_pattern
ORDER BY position DESC, id DESC
LIMIT :most
