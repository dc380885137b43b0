-- Not before twenty minutes after their end: until then a recorder trusts that a mark stays, see
-- mark_stale_hours.
SELECT DISTINCT hour FROM stale_hours
WHERE hour < date_trunc('hour', now() - interval '20 minutes', 'UTC')
ORDER BY hour LIMIT :most
