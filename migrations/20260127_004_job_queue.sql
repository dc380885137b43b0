-- The long-term record of jobs. A row of `jobs` is a set of registers, each guarded by a version of its
-- own: whichever event comes last by Redis' order wins, in whatever order and however often the
-- recorder meets it. Instants are derived from those versions.

CREATE TABLE jobs (
  id                text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  -- As accepted, at `position`: the version of the enqueued event; negative until that is recorded.
  position          bigint NOT NULL,
  job_type          text COLLATE "C" NOT NULL DEFAULT '',
  max_attempts      integer NOT NULL DEFAULT 1 CHECK (max_attempts >= 1),
  payload           json,
  options           json,
  tags              text[] CHECK (cardinality(tags) > 0),
  tenant            text COLLATE "C",
  trace_id          text COLLATE "C",
  context_id        text COLLATE "C",
  callback_url      text,
  is_test           boolean NOT NULL DEFAULT false,
  -- Where it stands, at `status_version`.
  status_version    bigint NOT NULL DEFAULT 0,
  status            text COLLATE "C" NOT NULL CHECK (status IN (
                      'scheduled', 'deferred', 'queued', 'started', 'finished', 'failed', 'canceled')),
  run_at            timestamptz,
  -- Where it is served, at `version`: that of the newest event of any kind.
  version           bigint NOT NULL CHECK (version > 0),
  queue             text COLLATE "C" NOT NULL,
  -- Its last attempt, at `fence`: the version of the started event.
  fence             bigint NOT NULL DEFAULT 0,
  attempt           integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  worker            text COLLATE "C",
  -- Why an attempt last went wrong, at `error_version`.
  error_version     bigint NOT NULL DEFAULT 0,
  last_error        text,
  error_kind        text COLLATE "C",
  error_reason      text COLLATE "C",
  -- What it was redriven with, at `payload_version`; the payload it was accepted with stays.
  payload_version   bigint NOT NULL DEFAULT 0,
  changed_payload   json,
  -- When it last became ready for a worker, and when it was taken out of the dead-letter queue.
  ready_version     bigint NOT NULL DEFAULT 0,
  discarded_version bigint NOT NULL DEFAULT 0,

  created_at   timestamptz GENERATED ALWAYS AS
                 (CASE WHEN position > 0 THEN instant_of(position) END) STORED,
  enqueued_at  timestamptz GENERATED ALWAYS AS (instant_of(NULLIF(ready_version, 0))) STORED,
  started_at   timestamptz GENERATED ALWAYS AS (instant_of(NULLIF(fence, 0))) STORED,
  finished_at  timestamptz GENERATED ALWAYS AS (CASE WHEN status IN ('finished', 'failed', 'canceled')
                 THEN instant_of(NULLIF(status_version, 0)) END) STORED,
  discarded_at timestamptz GENERATED ALWAYS AS (instant_of(NULLIF(discarded_version, 0))) STORED,

  CONSTRAINT accepted_jobs_have_a_type CHECK ((position > 0) = (job_type <> '')),
  CONSTRAINT accepted_jobs_have_a_payload CHECK ((position > 0) = (payload IS NOT NULL)),
  CONSTRAINT scheduled_jobs_have_a_time CHECK ((status = 'scheduled') = (run_at IS NOT NULL)),
  CONSTRAINT started_jobs_have_a_worker CHECK (status <> 'started' OR (fence > 0 AND worker IS NOT NULL)),
  CONSTRAINT attempts_have_a_fence CHECK ((attempt > 0) = (fence > 0)),
  CONSTRAINT errors_are_whole CHECK ((error_version > 0) = (last_error IS NOT NULL)),
  CONSTRAINT changed_payloads_are_whole CHECK ((payload_version > 0) = (changed_payload IS NOT NULL))
);

COMMENT ON TABLE jobs IS 'One row a job: what was asked for and where it stands.';
COMMENT ON COLUMN jobs.status IS 'The state, in the words of RQ.';
COMMENT ON COLUMN jobs.run_at IS 'When a scheduled job is due; null in other states.';
COMMENT ON COLUMN jobs.enqueued_at IS 'When it last became ready for a worker.';
COMMENT ON COLUMN jobs.finished_at IS 'When it came to its final state; null while it may still run.';

-- Lists are read newest first by position, which is unique enough to page by and half as long as an id.
CREATE INDEX jobs_by_position ON jobs (position);
-- What comes after the position is tested in the index, so that a type and a queue that never meet are
-- found not to meet without a look at the table.
CREATE INDEX jobs_by_type ON jobs (job_type, position, queue, status);
CREATE INDEX jobs_by_queue ON jobs (queue, position, job_type, status);
CREATE INDEX jobs_by_status ON jobs (status, position);
CREATE INDEX jobs_by_worker ON jobs (worker, position) WHERE worker IS NOT NULL;
CREATE INDEX jobs_by_tenant ON jobs (tenant, position) WHERE tenant IS NOT NULL;
CREATE INDEX jobs_by_trace ON jobs (trace_id, position) WHERE trace_id IS NOT NULL;
CREATE INDEX jobs_by_context ON jobs (context_id, position) WHERE context_id IS NOT NULL;
CREATE INDEX jobs_by_tags ON jobs USING gin (tags) WHERE tags IS NOT NULL;
CREATE INDEX jobs_with_errors ON jobs (position) WHERE last_error IS NOT NULL;

-- No foreign key to jobs: the recorder writes both in one transaction, and a check of each of ten
-- thousand rows a second would only tell what the transaction already guarantees.
CREATE TABLE job_results (
  job_id         text COLLATE "C" NOT NULL CHECK (length(job_id) BETWEEN 1 AND 64),
  fence          bigint NOT NULL CHECK (fence > 0),
  version        bigint NOT NULL,
  attempt        integer NOT NULL CHECK (attempt >= 1),
  status         text COLLATE "C" NOT NULL CHECK (status IN (
                   'finished', 'retried', 'snoozed', 'failed', 'released', 'canceled', 'crashed', 'suspected')),
  job_type       text COLLATE "C" NOT NULL DEFAULT '',
  queue          text COLLATE "C" NOT NULL,
  worker         text COLLATE "C",
  trace_id       text COLLATE "C",
  ready_version  bigint CHECK (ready_version < fence),
  run_ms         double precision CHECK (run_ms > 0),
  result_payload json,
  error_reason   text COLLATE "C",
  error_kind     text COLLATE "C",
  error_message  text,
  traceback      text,

  wait_ms    bigint GENERATED ALWAYS AS ((fence >> 20) - (ready_version >> 20)) STORED,
  started_at timestamptz NOT NULL GENERATED ALWAYS AS (instant_of(fence)) STORED,
  ended_at   timestamptz NOT NULL GENERATED ALWAYS AS (instant_of(version)) STORED,

  PRIMARY KEY (job_id, fence),
  CONSTRAINT attempts_end_after_they_start CHECK (version > fence),
  CONSTRAINT only_finished_attempts_have_results CHECK (result_payload IS NULL OR status = 'finished'),
  CONSTRAINT finished_attempts_have_no_error CHECK (status <> 'finished' OR error_kind IS NULL)
);

COMMENT ON TABLE job_results IS 'One row an attempt that ended: its worker, outcome, result or error.';
COMMENT ON COLUMN job_results.fence IS 'Version of the attempt''s started event; tells attempts apart even after Redis was restored from an older copy.';
COMMENT ON COLUMN job_results.wait_ms IS 'From ready to started.';
COMMENT ON COLUMN job_results.run_ms IS 'What the worker measured; null when it could not.';

CREATE INDEX job_results_by_end ON job_results (ended_at);
CREATE INDEX job_results_with_errors ON job_results (ended_at, error_kind, job_type, status)
  WHERE error_kind IS NOT NULL;

-- Counts and lists are answered from indexes alone where the table is known to be clean.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE job_results SET (autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.02);
