SELECT number, replication_id, run_id, reason, raised_to, last_version FROM shard_epochs
WHERE shard = :shard ORDER BY number DESC LIMIT 1
