SELECT DISTINCT date_trunc('day', h.since, 'UTC') AS day
FROM job_statistics h
WHERE h.grain = 'hour' AND h.queue = '' AND h.job_type = ''
  AND h.since < date_trunc('day', now() - interval '90 minutes', 'UTC')
  AND NOT EXISTS (SELECT FROM job_statistics d
    WHERE d.grain = 'day' AND d.queue = '' AND d.job_type = '' AND d.since = date_trunc('day', h.since, 'UTC'))
  AND NOT EXISTS (SELECT FROM stale_hours m
    WHERE date_trunc('day', m.hour, 'UTC') = date_trunc('day', h.since, 'UTC'))
ORDER BY day LIMIT :most
