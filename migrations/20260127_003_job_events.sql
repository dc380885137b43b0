-- Every event of every job, as the recorder read it. Partitioned by month of the version, so that old
-- months go by dropping a table; the version is part of the key because a partition key must be.

CREATE TABLE job_events (
  job_id     text COLLATE "C" NOT NULL CHECK (length(job_id) BETWEEN 1 AND 64),
  version    bigint NOT NULL CHECK (version > 0),
  kind       text NOT NULL CHECK (kind IN (
               'enqueued', 'promoted', 'started', 'finished', 'retried', 'snoozed', 'failed', 'released',
               'crashed', 'suspected', 'cancel_asked', 'canceled', 'redriven', 'discarded', 'resolved',
               'reprioritised', 'dropped')),
  status     text CHECK (status IN (
               'scheduled', 'deferred', 'queued', 'started', 'finished', 'failed', 'canceled')),
  queue      text COLLATE "C",
  attempt    integer NOT NULL CHECK (attempt >= 0),
  actor      text COLLATE "C",
  fence      bigint CHECK (fence > 0 AND fence <= version),
  run_ms     double precision CHECK (run_ms > 0),
  due_at     timestamptz,
  note       text,
  payload    json,
  at         timestamptz NOT NULL GENERATED ALWAYS AS (instant_of(version)) STORED,
  PRIMARY KEY (job_id, version),
  CHECK (kind <> 'started' OR (status = 'started' AND fence = version))
) PARTITION BY RANGE (version);

COMMENT ON TABLE job_events IS 'Append-only: what happened to each job, one row an event.';
COMMENT ON COLUMN job_events.version IS 'The event''s place in the order of Redis; see instant_of().';
COMMENT ON COLUMN job_events.status IS 'The state of the job after it; null: the event changed none.';
COMMENT ON COLUMN job_events.actor IS 'The worker, or who acted.';
COMMENT ON COLUMN job_events.fence IS 'Version of the started event of the attempt that this event begins or ends.';
COMMENT ON COLUMN job_events.note IS 'The reason somebody gave; results and errors of attempts are in job_results.';
COMMENT ON COLUMN job_events.payload IS 'The changed payload of a redrive.';

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON job_events
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON job_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Attached, not created in place: attaching lets readers and recorders of other months go on.
CREATE FUNCTION make_job_events_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first timestamp := date_trunc('month', month::timestamp);
  name  text := 'job_events_' || to_char(first, 'YYYY_MM');
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('job_events partitions'));
  IF to_regclass(name) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE job_events INCLUDING ALL)', name);
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I'
    ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
  EXECUTE format('ALTER TABLE job_events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name,
    version_at(first AT TIME ZONE 'UTC'), version_at((first + interval '1 month') AT TIME ZONE 'UTC'));
  RETURN true;
END
$$;

CREATE FUNCTION drop_job_events_partition(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first timestamp := date_trunc('month', month::timestamp);
BEGIN
  IF (first + interval '1 month') AT TIME ZONE 'UTC' > now() THEN
    RAISE EXCEPTION 'the month % is not over: its events are kept', to_char(first, 'YYYY-MM')
      USING ERRCODE = 'restrict_violation';
  END IF;
  EXECUTE format('DROP TABLE IF EXISTS %I', 'job_events_' || to_char(first, 'YYYY_MM'));
END
$$;

COMMENT ON FUNCTION make_job_events_partition IS 'Makes room for the events of a month; false if there was.';
COMMENT ON FUNCTION drop_job_events_partition IS 'Drops the events of a month that is over.';
REVOKE EXECUTE ON FUNCTION make_job_events_partition, drop_job_events_partition FROM PUBLIC;

SELECT make_job_events_partition((now() AT TIME ZONE 'UTC')::date);
