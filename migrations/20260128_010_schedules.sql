-- Recurring jobs, and what became of each of their planned ticks.

CREATE TABLE schedules (
  id               text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  name             text COLLATE "C" NOT NULL CHECK (name <> ''),
  job_type         text COLLATE "C" NOT NULL CHECK (job_type <> ''),
  payload          json NOT NULL DEFAULT '{}' CHECK (json_typeof(payload) = 'object'),
  options          json NOT NULL DEFAULT '{}' CHECK (json_typeof(options) = 'object'),
  priority         text CHECK (priority IN ('high', 'normal', 'low')),
  cron             text,
  interval_seconds double precision CHECK (interval_seconds > 0),
  time_zone        text NOT NULL DEFAULT 'UTC',
  jitter_seconds   double precision NOT NULL DEFAULT 0 CHECK (jitter_seconds >= 0),
  missed_runs      text NOT NULL DEFAULT 'last' CHECK (missed_runs IN ('skip', 'last', 'all')),
  overlap          text NOT NULL DEFAULT 'allow' CHECK (overlap IN ('allow', 'skip')),
  starts_at        timestamptz NOT NULL DEFAULT now(),
  next_at          timestamptz,
  next_due_at      timestamptz CHECK (next_due_at >= next_at),
  origin           text NOT NULL CHECK (origin IN ('configuration', 'system', 'person')),
  seeded_as        json,
  revision         integer NOT NULL DEFAULT 1 CHECK (revision >= 1),
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       text NOT NULL,
  changed_at       timestamptz,
  changed_by       text,
  paused_at        timestamptz,
  paused_by        text,
  deleted_at       timestamptz,
  CONSTRAINT a_cron_line_or_an_interval CHECK (num_nonnulls(cron, interval_seconds) = 1),
  CONSTRAINT next_ticks_are_due CHECK ((next_at IS NULL) = (next_due_at IS NULL)),
  CONSTRAINT stopped_schedules_have_no_next_tick
    CHECK (next_at IS NULL OR (paused_at IS NULL AND deleted_at IS NULL)),
  CONSTRAINT pauses_have_a_name CHECK ((paused_at IS NULL) = (paused_by IS NULL)),
  CONSTRAINT changes_have_a_name CHECK ((changed_at IS NULL) = (changed_by IS NULL))
);

COMMENT ON COLUMN schedules.next_at IS 'The next planned tick; null while paused or deleted.';
COMMENT ON COLUMN schedules.next_due_at IS 'When the next tick is due: planned, and its jitter.';
COMMENT ON COLUMN schedules.seeded_as IS 'What the configuration file last said, to show where the two differ.';
COMMENT ON COLUMN schedules.revision IS 'Grows with each change; a change must name the one it saw.';

-- A deleted schedule leaves its ticks; its name is free again.
CREATE UNIQUE INDEX schedules_by_name ON schedules (name) WHERE deleted_at IS NULL;
CREATE INDEX schedules_next ON schedules (next_due_at) WHERE next_due_at IS NOT NULL;

CREATE TABLE schedule_ticks (
  schedule_id  text COLLATE "C" NOT NULL REFERENCES schedules ON DELETE CASCADE,
  planned_at   timestamptz NOT NULL,
  -- Planned, and its jitter.
  due_at       timestamptz NOT NULL,
  -- Asked for by a person, beside the plan.
  by_hand      boolean NOT NULL DEFAULT false,
  asked_by     text,
  outcome      text NOT NULL CHECK (outcome IN ('planned', 'ran', 'skipped', 'missed')),
  job_id       text COLLATE "C" CHECK (length(job_id) BETWEEN 1 AND 64),
  late_seconds double precision CHECK (late_seconds >= 0),
  reason       text,
  decided_at   timestamptz,
  PRIMARY KEY (schedule_id, planned_at, by_hand),
  -- Planned: its job has this id once somebody has enqueued it.
  CONSTRAINT ticks_that_run_have_a_job
    CHECK ((outcome IN ('planned', 'ran')) = (job_id IS NOT NULL)),
  CONSTRAINT ticks_by_hand_have_a_name CHECK (by_hand = (asked_by IS NOT NULL)),
  CONSTRAINT skipped_ticks_say_why CHECK (outcome <> 'skipped' OR reason IS NOT NULL),
  CONSTRAINT decided_ticks_have_a_time CHECK ((outcome = 'planned') = (decided_at IS NULL))
);

COMMENT ON TABLE schedule_ticks IS 'Each planned tick of a schedule and what became of it.';

CREATE INDEX schedule_ticks_by_plan ON schedule_ticks (planned_at);
CREATE INDEX schedule_ticks_undecided ON schedule_ticks (planned_at) WHERE outcome = 'planned';
CREATE INDEX schedule_ticks_by_job ON schedule_ticks (job_id) WHERE job_id IS NOT NULL;
