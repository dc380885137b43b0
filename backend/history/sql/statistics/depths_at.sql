SELECT queue, waiting
FROM queue_depths
WHERE at = (SELECT max(at) FROM queue_depths WHERE at > :at - interval '3 minutes' AND at <= :at)
