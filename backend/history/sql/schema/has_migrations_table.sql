-- Whether there is such a table, and whether it is ours: Rails, golang-migrate, dbmate and Ecto name theirs alike.
SELECT count(*) > 0 AS is_there, count(DISTINCT a.attname) = 3 AS is_ours
FROM pg_class c
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
  AND a.attname IN ('name', 'checksum', 'applied_at')
WHERE c.oid = to_regclass('schema_migrations')
