-- The position down to which there are so many jobs with an error; no row where there are fewer.
SELECT position FROM jobs
WHERE last_error IS NOT NULL AND position >= :since_version AND position < :until_version
  AND (:after_position IS NULL OR (position, id) < (:after_position, :after_id))
ORDER BY position DESC
OFFSET :newest LIMIT 1
