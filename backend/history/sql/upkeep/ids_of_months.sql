-- From the first on, and below the second; as the tables themselves have it. Not of those that should have gone a week
-- ago: a job that waits, or is dead, holds them up.
SELECT bound[1] AS first, bound[2] AS beyond
FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
CROSS JOIN LATERAL (SELECT regexp_match(pg_get_expr(child.relpartbound, child.oid), '\(''(.*)''\) TO \(''(.*)''\)')) AS found (bound)
WHERE inhparent = CAST('jobs_dated' AS regclass) AND child.relname ~ '_\d{4}_\d{2}$'
  AND to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month 7 days' > CAST(:before AS timestamptz) AT TIME ZONE 'UTC'
ORDER BY bound[1] COLLATE "C"
