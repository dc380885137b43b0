INSERT INTO queue_depths (at, queue, waiting, oldest_wait_ms)
SELECT at, queue, waiting, oldest_wait_ms
FROM unnest(
  CAST(:at AS timestamptz[]), CAST(:queue AS text[]), CAST(:waiting AS bigint[]),
  CAST(:oldest_wait_ms AS bigint[])
) AS samples (at, queue, waiting, oldest_wait_ms)
ON CONFLICT DO NOTHING
