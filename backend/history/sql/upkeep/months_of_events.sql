SELECT to_date(right(child.relname, 7), 'YYYY_MM') AS month
FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = CAST('job_events' AS regclass)
ORDER BY month
