-- Of a replica: the moment up to which it has what the primary wrote. One that has all it was sent is up to now; NULL: no replica.
SELECT CASE WHEN NOT pg_is_in_recovery() THEN NULL
  WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN clock_timestamp()
  ELSE pg_last_xact_replay_timestamp() END
