SELECT status, count(*) AS jobs FROM jobs
WHERE :since_version IS NULL OR (position >= :since_version AND position < :until_version)
GROUP BY status
