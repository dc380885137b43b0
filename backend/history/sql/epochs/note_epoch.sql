UPDATE shard_epochs SET last_version = :last_version, looked_at = clock_timestamp()
WHERE shard = :shard AND number = :number AND last_version < :last_version
