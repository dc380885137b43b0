-- Who did what. Each row carries the hash of the row before it, so that a changed, removed or inserted row
-- breaks the chain. Writers come one after another by an advisory lock; the unique previous_hash keeps the
-- chain a chain even without it. What was cut off at the end is missed by the chain's head.

CREATE TABLE audit_log (
  number        bigint PRIMARY KEY CHECK (number > 0),
  at            timestamptz NOT NULL,
  actor         text NOT NULL CHECK (actor <> ''),
  actor_kind    text NOT NULL CHECK (actor_kind IN ('person', 'token', 'system')),
  role          text,
  source        text,
  channel       text NOT NULL CHECK (channel IN ('api', 'dashboard', 'cli', 'python', 'system')),
  action        text COLLATE "C" NOT NULL CHECK (action <> ''),
  outcome       text NOT NULL CHECK (outcome IN ('intended', 'done', 'refused', 'failed')),
  object        text COLLATE "C" NOT NULL,
  affected_ids  text[] NOT NULL DEFAULT '{}',
  affected      integer NOT NULL DEFAULT 0 CHECK (affected >= 0),
  reason        text,
  before        json,
  after         json,
  request_id    text COLLATE "C",
  trace_id      text COLLATE "C",
  previous_hash bytea NOT NULL UNIQUE CHECK (length(previous_hash) = 32),
  hash          bytea NOT NULL UNIQUE CHECK (length(hash) = 32)
);

COMMENT ON TABLE audit_log IS 'Append-only, hash-chained: each action of a person, a token or the system.';
COMMENT ON COLUMN audit_log.outcome IS 'intended: written before an action that Redis carries out; its outcome follows in a row with the same request_id.';
COMMENT ON COLUMN audit_log.affected IS 'How many objects in all; affected_ids may hold only the first ones.';
COMMENT ON COLUMN audit_log.hash IS 'SHA-256 over every other column, previous_hash included, as canonical JSON.';

CREATE INDEX audit_log_by_time ON audit_log (at);
CREATE INDEX audit_log_by_actor ON audit_log (actor, number);
CREATE INDEX audit_log_by_action ON audit_log (action, number);
CREATE INDEX audit_log_by_request ON audit_log (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX audit_log_by_affected ON audit_log USING gin (affected_ids);

CREATE TABLE job_event_seals (
  number        bigint PRIMARY KEY CHECK (number > 0),
  after_version bigint NOT NULL UNIQUE CHECK (after_version >= 0),
  until_version bigint NOT NULL,
  events        integer NOT NULL CHECK (events > 0),
  digest        bytea NOT NULL CHECK (length(digest) = 32),
  previous_hash bytea NOT NULL UNIQUE CHECK (length(previous_hash) = 32),
  hash          bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  sealed_at     timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT seals_cover_something CHECK (until_version > after_version)
);

COMMENT ON TABLE job_event_seals IS 'Append-only, hash-chained: one digest for each stretch of job_events.';
COMMENT ON COLUMN job_event_seals.digest IS 'SHA-256 over the events with after_version < version <= until_version; see digest_of_events().';

CREATE TABLE chain_heads (
  chain  text PRIMARY KEY CHECK (chain IN ('audit_log', 'job_event_seals')),
  number bigint NOT NULL CHECK (number > 0),
  hash   bytea NOT NULL CHECK (length(hash) = 32),
  at     timestamptz NOT NULL
);

COMMENT ON TABLE chain_heads IS 'The last row of each chain, so that rows cut off its end are missed.';

-- Events are read back by stretches of their version. They come nearly in that order, so the smallest of
-- indexes will do.
CREATE INDEX job_events_by_version ON job_events USING brin (version) WITH (pages_per_range = 32, autosummarize = on);

-- One JSON array a line for each event. Numbers and instants are spelt alike in every session.
CREATE FUNCTION digest_of_events(after_version bigint, until_version bigint, OUT events bigint, OUT digest bytea)
LANGUAGE sql STABLE SET timezone = 'UTC' SET extra_float_digits = 1 AS $$
  SELECT count(*), sha256(convert_to(coalesce(string_agg(line, E'\n' ORDER BY version, job_id), ''), 'UTF8'))
  FROM (
    SELECT job_id, version, json_build_array(job_id, version, kind, status, queue, attempt, actor, fence,
      encode(float8send(run_ms), 'hex'), due_at, note, payload)::text AS line
    FROM job_events WHERE version > after_version AND version <= until_version
  ) written
$$;

COMMENT ON FUNCTION digest_of_events IS 'How many events a stretch has, and the SHA-256 over them in order.';

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON job_event_seals
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON job_event_seals
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
