-- What follows from a payload (a limit key, a destination, which jobs are the same, a version) follows from the new one where
-- it was changed: a lost Redis is made again from here.

ALTER TABLE jobs ADD COLUMN changed_options json;

COMMENT ON COLUMN jobs.changed_options IS
  'Its options as they were when the payload was changed, at `payload_version`; null where it was not, or a release before did it.';

CREATE OR REPLACE FUNCTION prepare_staging() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('pg_temp.staged_jobs') IS NOT NULL THEN
    RETURN;
  END IF;
  CREATE TEMPORARY TABLE staged_jobs (
    id text COLLATE "C", position bigint, job_type text, max_attempts integer, payload json, options json,
    tags text[], tenant text, trace_id text, context_id text, callback_url text, is_test boolean,
    status_version bigint, status text, run_at timestamptz, version bigint, queue text,
    fence bigint, attempt integer, worker text,
    error_version bigint, last_error text, error_kind text, error_reason text,
    payload_version bigint, changed_payload json, changed_options json, ready_version bigint, discarded_version bigint
  ) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE staged_events (
    job_id text COLLATE "C", version bigint, kind text, status text, queue text, attempt integer, actor text,
    fence bigint, run_ms double precision, due_at timestamptz, note text, payload json
  ) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE staged_results (
    job_id text COLLATE "C", fence bigint, version bigint, attempt integer, status text, job_type text,
    queue text, worker text, trace_id text, ready_version bigint, run_ms double precision,
    result_payload json, error_reason text, error_kind text, error_message text, traceback text, log json
  ) ON COMMIT DELETE ROWS;
END
$$;
