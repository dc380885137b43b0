-- Also those without a key: who asks goes on behind the last one, and each page reads no more than it has.
SELECT position, id,
  status = 'finished' AND (options::text LIKE '%"idempotency_key"%' OR options::text LIKE '%"scope"%') IS TRUE
FROM jobs WHERE (position, id) > (:after, :after_id) ORDER BY position, id LIMIT :most
