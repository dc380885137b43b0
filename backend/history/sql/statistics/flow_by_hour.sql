SELECT hour AS at, queue, finished, failed + retried + crashed AS wrong
FROM current_hours
WHERE hour >= :since AND hour < :until AND queue <> ''
ORDER BY hour, queue
