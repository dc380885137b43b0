-- By each state apart, so that the finished ones between them are never looked at. Jobs of one moment may share a
-- position: the id goes on between them.
SELECT position, id FROM (
  (SELECT position, id FROM jobs
   WHERE status = 'scheduled' AND (position, id) > (:after, :after_id) ORDER BY position, id LIMIT :most)
  UNION ALL
  (SELECT position, id FROM jobs
   WHERE status = 'deferred' AND (position, id) > (:after, :after_id) ORDER BY position, id LIMIT :most)
  UNION ALL
  (SELECT position, id FROM jobs
   WHERE status = 'queued' AND (position, id) > (:after, :after_id) ORDER BY position, id LIMIT :most)
  UNION ALL
  (SELECT position, id FROM jobs
   WHERE status = 'started' AND (position, id) > (:after, :after_id) ORDER BY position, id LIMIT :most)
  UNION ALL
  (SELECT position, id FROM jobs
   WHERE status = 'failed' AND discarded_version = 0 AND (position, id) > (:after, :after_id) ORDER BY position, id LIMIT :most)
) waiting
ORDER BY position, id LIMIT :most
