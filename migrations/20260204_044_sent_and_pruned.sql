-- What the outbox sent goes with its job when that leaves the record. It stayed, and from then on it looked like a
-- job that Redis had lost before it was recorded: it was named lost, sent again, and ran twice.

-- Those whose jobs left before this was there. What was ever on record is in its events, which stay the longest; an id
-- of a caller's own making may have been there before. An hour is more than clocks of two stores are apart. OFFSET 0: it
-- is asked of each row by the index of events, which are never read whole.
DELETE FROM job_outbox o
WHERE o.sent_at IS NOT NULL AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = o.accepted_as)
  AND EXISTS (SELECT FROM job_events e WHERE e.job_id = o.accepted_as
    AND (o.accepted_as <> o.job_id OR e.version >= version_at(o.created_at - interval '1 hour'))
    OFFSET 0);

-- Rows that were answered with another job, which held their idempotency key: few.
CREATE INDEX job_outbox_answered ON job_outbox (accepted_as) WHERE accepted_as <> job_id;

CREATE FUNCTION forget_what_was_sent() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  -- A job that had ended before the row was written had the same id earlier: this one is still to be recorded. A row
  -- that a relay claimed and did not live to mark was sent, for its job is here.
  DELETE FROM job_outbox o USING gone g
  WHERE o.job_id = g.id AND (o.sent_at IS NOT NULL OR o.claimed_by IS NOT NULL)
    AND o.created_at < g.finished_at + interval '1 hour';
  DELETE FROM job_outbox o USING gone g
  WHERE o.accepted_as = g.id AND o.accepted_as <> o.job_id AND g.finished_at IS NOT NULL;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION forget_what_was_sent FROM PUBLIC;
COMMENT ON FUNCTION forget_what_was_sent IS 'Jobs that have ended and go take their rows of the outbox along.';

CREATE TRIGGER forget_what_was_sent AFTER DELETE ON jobs REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION forget_what_was_sent();

-- As in 043, and what was sent: no trigger sees a table that is dropped.
CREATE OR REPLACE FUNCTION drop_jobs_partition(month date, before timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first  date := date_trunc('month', month::timestamp);
  suffix text := '_' || to_char(first, 'YYYY_MM');
BEGIN
  IF (first + interval '1 month') AT TIME ZONE 'UTC' > least(now(), before) THEN
    RAISE EXCEPTION 'the month % is not over: its jobs are kept', to_char(first, 'YYYY-MM')
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF to_regclass('jobs' || suffix) IS NULL OR NOT is_over(to_regclass('jobs' || suffix), before) THEN
    RETURN false;
  END IF;
  -- Nobody may bring a job of it back to life from here on; those who read it may go on reading.
  EXECUTE format('LOCK TABLE %I IN SHARE MODE', 'jobs' || suffix);
  IF NOT is_over(to_regclass('jobs' || suffix), before) THEN
    RETURN false;
  END IF;
  DELETE FROM artifacts WHERE job_id COLLATE "C" >= first_id_of(first)
    AND job_id COLLATE "C" < first_id_of((first + interval '1 month')::date);
  DELETE FROM job_counts WHERE job_counts.month = first;
  EXECUTE format('UPDATE job_statistics s SET failures = NULL FROM (SELECT min(ended_at) AS first, max(ended_at) AS last'
    ' FROM %I WHERE error_kind IS NOT NULL) AS gone WHERE s.queue = '''' AND s.job_type = '''' AND s.failures IS NOT NULL'
    ' AND s.since >= date_trunc(''day'', gone.first, ''UTC'') AND s.since <= gone.last', 'job_results' || suffix);
  EXECUTE format('DELETE FROM job_outbox o USING %I g WHERE o.job_id = g.id'
    ' AND (o.sent_at IS NOT NULL OR o.claimed_by IS NOT NULL) AND o.created_at < g.finished_at + interval ''1 hour''',
    'jobs' || suffix);
  EXECUTE format('DELETE FROM job_outbox o USING %I g WHERE o.accepted_as = g.id AND o.accepted_as <> o.job_id',
    'jobs' || suffix);
  EXECUTE format('DROP TABLE %I, %I, %I', 'job_tags' || suffix, 'job_results' || suffix, 'jobs' || suffix);
  RETURN true;
END
$$;
