-- Alone with the months: counts that were put together meanwhile would be seen neither as they were nor as they are.
SELECT drop_jobs_partition(:month, :before)
FROM (SELECT pg_advisory_xact_lock(hashtext('jobs partitions')) OFFSET 0) AS alone
