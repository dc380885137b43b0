-- Which server answered for a shard, and how far its events had come. What takes its place (a replica that was
-- promoted, a copy that was restored, an empty server) may have a clock that is behind: its events are lifted
-- above all of these, or the record would take them for older ones and keep what it has.

CREATE TABLE shard_epochs (
  shard smallint NOT NULL CHECK (shard >= 0),
  number integer NOT NULL CHECK (number > 0),
  replication_id text NOT NULL,
  run_id text NOT NULL,
  reason text NOT NULL,
  began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  looked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  raised_to bigint NOT NULL CHECK (raised_to >= 0),
  last_version bigint NOT NULL CHECK (last_version >= 0),
  PRIMARY KEY (shard, number)
) WITH (fillfactor = 50);

COMMENT ON TABLE shard_epochs IS 'One row for each time that another server, or other data, took over a shard; the last one is the one of now.';
COMMENT ON COLUMN shard_epochs.replication_id IS 'master_replid of the server; empty where it keeps that to itself.';
COMMENT ON COLUMN shard_epochs.run_id IS 'run_id of the server''s process; empty where it keeps that to itself.';
COMMENT ON COLUMN shard_epochs.reason IS 'first, fail-over, restart, older data.';
COMMENT ON COLUMN shard_epochs.raised_to IS 'The versions of its events are above this.';
COMMENT ON COLUMN shard_epochs.last_version IS 'The version of the last event that was seen in it.';

CREATE OR REPLACE FUNCTION grant_service_rights(account name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), account);
  EXECUTE format('GRANT SELECT ON schema_migrations TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT ON job_events, audit_log, job_event_seals, set_aside_events TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON jobs, job_results, job_statistics, stale_hours,'
    ' job_outbox, event_records, event_record_jobs, job_callbacks, schedules, schedule_ticks, artifacts, api_keys'
    ' TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON queue_depths TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON chain_heads, controls, shard_epochs TO %I', account);
  EXECUTE format('GRANT SELECT ON current_hours TO %I', account);
  EXECUTE format('GRANT EXECUTE ON FUNCTION make_job_events_partition, drop_job_events_partition TO %I', account);
END
$$;

-- Accounts that had their rights before this table was there get those to it now.
DO $$
DECLARE account oid;
BEGIN
  FOR account IN
    SELECT DISTINCT a.grantee FROM pg_class t, aclexplode(t.relacl) a
    WHERE t.oid = 'job_statistics'::regclass AND a.privilege_type = 'INSERT' AND a.grantee NOT IN (0, t.relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON shard_epochs TO %s', account::regrole);
  END LOOP;
END
$$;
