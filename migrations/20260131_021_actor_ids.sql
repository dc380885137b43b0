-- Who acted is more than a name: the key's id, or issuer and subject of a signed token. A hash covers the
-- column only where it is set, so that rows of before still verify. Keys may be kept to some job types.

ALTER TABLE audit_log ADD COLUMN actor_id text COLLATE "C";
COMMENT ON COLUMN audit_log.actor_id IS 'key:<id>, settings:<name>, or jwt:<issuer>|<subject>; none for a shell account.';

ALTER TABLE api_keys ADD COLUMN job_types text[] CHECK (cardinality(job_types) > 0);
COMMENT ON COLUMN api_keys.job_types IS 'The job types it may have run; null: all that its role may.';

ALTER TABLE artifacts ADD COLUMN tenant text COLLATE "C";
COMMENT ON COLUMN artifacts.tenant IS 'Of the job that produced it.';
