-- Who leads a duty whose truth lies here: cron, the relay of the outbox, seals, samples of depths. A Redis that is
-- lost, or one of several, has no say in it.

CREATE TABLE duty_leases (
  duty text COLLATE "C" PRIMARY KEY CHECK (duty <> ''),
  holder text NOT NULL,
  fence bigint NOT NULL CHECK (fence > 0),
  ends_at timestamptz NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE duty_leases IS 'One row a duty: the process that leads it, or led it last.';
COMMENT ON COLUMN duty_leases.fence IS 'Grows with each new leadership, by the milliseconds of the clock, so that a restored copy of this table takes no number again.';
COMMENT ON COLUMN duty_leases.ends_at IS 'From then on another may lead, unless it was renewed.';

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
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON chain_heads, controls, shard_epochs, duty_leases TO %I', account);
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
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON duty_leases TO %s', account::regrole);
  END LOOP;
END
$$;
