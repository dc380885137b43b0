-- What operators say (a pause, a limit, that it was lifted again) outlives Redis, which alone had it. Redis keeps
-- the same words, and workers obey those; of two on the same thing the one with the higher version holds.

CREATE TABLE controls (
  name text COLLATE "C" PRIMARY KEY CHECK (name <> ''),
  value text NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  said_by text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  since timestamptz
);
-- The newest version is asked for once a second.
CREATE INDEX controls_by_version ON controls (version);

COMMENT ON TABLE controls IS 'The last word of an operator on each thing: one row each, also when it was lifted again.';
COMMENT ON COLUMN controls.name IS 'pause:queue:<name>, pause:lane:<name>, pause:type:<name>, limit:type:<name>; later releases know more.';
COMMENT ON COLUMN controls.value IS 'A limit''s number, 1 of a pause; empty: nothing holds.';
COMMENT ON COLUMN controls.version IS 'Microseconds by the clock of the Redis in which it was said; higher than of any word said there before.';
COMMENT ON COLUMN controls.since IS 'When it was said; NULL where an earlier release did not write that down.';

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
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON chain_heads, controls TO %I', account);
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
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON controls TO %s', account::regrole);
  END LOOP;
END
$$;
