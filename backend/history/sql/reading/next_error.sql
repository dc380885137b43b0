-- The job with an error that comes after so many of the newest; no row where there are no more.
SELECT position FROM jobs
WHERE last_error IS NOT NULL AND position >= :since_version AND position < :until_version
  AND (:after_position IS NULL OR (position, id) < (:after_position, :after_id))
ORDER BY position DESC
OFFSET :newest LIMIT 1
