DELETE FROM stale_hours WHERE hour = :hour
