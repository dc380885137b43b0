-- Domain events that callers emitted, test runs among them, and the jobs that each one led to.

CREATE TABLE event_records (
  id         text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  name       text COLLATE "C" NOT NULL CHECK (name <> ''),
  payload    json NOT NULL,
  source     text,
  tenant     text COLLATE "C",
  trace_id   text COLLATE "C",
  context_id text COLLATE "C",
  is_test    boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE event_records IS 'What callers said happened; each subscription makes one job of it.';

CREATE INDEX event_records_by_time ON event_records (created_at, id);
CREATE INDEX event_records_by_name ON event_records (name, created_at, id);

CREATE TABLE event_record_jobs (
  event_id     text COLLATE "C" NOT NULL REFERENCES event_records ON DELETE CASCADE,
  subscription text COLLATE "C" NOT NULL,
  job_id       text COLLATE "C" NOT NULL UNIQUE CHECK (length(job_id) BETWEEN 1 AND 64),
  PRIMARY KEY (event_id, subscription)
);

COMMENT ON TABLE event_record_jobs IS 'Each subscription gets one job of an event, however often it is published.';
