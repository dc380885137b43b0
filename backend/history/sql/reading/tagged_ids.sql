SELECT job_id FROM job_tags
WHERE tag = :tag AND position >= :since_version AND position < :until_version
  AND (:after_position IS NULL OR (position, job_id) < (:after_position, :after_id))
ORDER BY position DESC, job_id DESC
LIMIT :newest
