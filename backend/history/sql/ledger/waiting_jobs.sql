-- By each state apart, so that the finished ones between them are never looked at.
SELECT position, id FROM (
  (SELECT position, id FROM jobs WHERE status = 'scheduled' AND position > :after ORDER BY position LIMIT :most)
  UNION ALL
  (SELECT position, id FROM jobs WHERE status = 'deferred' AND position > :after ORDER BY position LIMIT :most)
  UNION ALL
  (SELECT position, id FROM jobs WHERE status = 'queued' AND position > :after ORDER BY position LIMIT :most)
  UNION ALL
  (SELECT position, id FROM jobs WHERE status = 'started' AND position > :after ORDER BY position LIMIT :most)
  UNION ALL
  (SELECT position, id FROM jobs WHERE status = 'failed' AND discarded_version = 0 AND position > :after
   ORDER BY position LIMIT :most)
) waiting
ORDER BY position LIMIT :most
