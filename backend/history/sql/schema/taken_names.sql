-- Which of these names tables, views and the like have where ours would be made.
SELECT relname FROM pg_class
WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND relname = ANY (:names)
ORDER BY relname
