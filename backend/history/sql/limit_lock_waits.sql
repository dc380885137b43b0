-- Who waits for a lock on a busy table holds up everybody behind.
SELECT set_config('lock_timeout', '30s', false)
