-- How many jobs waited in each queue and for how long the oldest had, minute by minute: what ended is on record
-- anyway, what waited is gone when nobody wrote it down.

CREATE TABLE queue_depths (
  at timestamptz NOT NULL CHECK (at = date_trunc('minute', at, 'UTC')),
  queue text COLLATE "C" NOT NULL,
  waiting bigint NOT NULL CHECK (waiting >= 0),
  oldest_wait_ms bigint NOT NULL CHECK (oldest_wait_ms >= 0),
  PRIMARY KEY (at, queue)
);
-- A week of one queue without the rows of the others.
CREATE INDEX queue_depths_of_queue ON queue_depths (queue, at) INCLUDE (waiting, oldest_wait_ms);

COMMENT ON TABLE queue_depths IS 'Samples of what waits, one a minute; kept for 15 days. A queue without a row in a minute that has rows held nothing.';
COMMENT ON COLUMN queue_depths.at IS 'The minute in which it was looked at.';
COMMENT ON COLUMN queue_depths.queue IS 'Empty: all queues together, in every sample, so that a minute without work differs from one without a sample.';
COMMENT ON COLUMN queue_depths.waiting IS 'Jobs that waited for a worker, those behind a limit or a pause included.';
COMMENT ON COLUMN queue_depths.oldest_wait_ms IS 'Milliseconds that the next job to run had waited; of all queues, the longest of them.';

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
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON chain_heads TO %I', account);
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
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON queue_depths TO %s', account::regrole);
  END LOOP;
END
$$;
