SELECT to_date(right(child.relname, 7), 'YYYY_MM') AS month
FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = CAST('jobs_dated' AS regclass) AND child.relname ~ '_\d{4}_\d{2}$'
ORDER BY month
