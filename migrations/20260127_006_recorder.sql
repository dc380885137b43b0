-- What the recorder needs beside the tables it fills.

CREATE TABLE set_aside_events (
  stream_id    text COLLATE "C" PRIMARY KEY,
  entry        text NOT NULL,
  reason       text NOT NULL,
  set_aside_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE set_aside_events IS 'Stream entries that could not be recorded, kept for a person to look at.';

-- Temporary tables belong to a session; a pooler may hand out a new one at any time.
CREATE FUNCTION prepare_staging() RETURNS void
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
    payload_version bigint, changed_payload json, ready_version bigint, discarded_version bigint
  ) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE staged_events (
    job_id text COLLATE "C", version bigint, kind text, status text, queue text, attempt integer, actor text,
    fence bigint, run_ms double precision, due_at timestamptz, note text, payload json
  ) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE staged_results (
    job_id text COLLATE "C", fence bigint, version bigint, attempt integer, status text, job_type text,
    queue text, worker text, trace_id text, ready_version bigint, run_ms double precision,
    result_payload json, error_reason text, error_kind text, error_message text, traceback text
  ) ON COMMIT DELETE ROWS;
END
$$;

COMMENT ON FUNCTION prepare_staging IS 'Makes the session''s staging tables, which each commit empties.';
