INSERT INTO shard_epochs (shard, number, replication_id, run_id, reason, raised_to, last_version)
VALUES (:shard, :number, :replication_id, :run_id, :reason, :raised_to, :last_version)
ON CONFLICT DO NOTHING
RETURNING number
