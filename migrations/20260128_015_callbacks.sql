-- Final states that somebody asked to be told of. Noted by the record itself, in the transaction that
-- records the state: once for each, whichever recorder comes first and however often it repeats itself.

CREATE TABLE job_callbacks (
  job_id          text COLLATE "C" NOT NULL CHECK (length(job_id) BETWEEN 1 AND 64),
  version         bigint NOT NULL CHECK (version > 0),
  noted_at        timestamptz NOT NULL DEFAULT now(),
  callback_job_id text COLLATE "C" UNIQUE CHECK (length(callback_job_id) BETWEEN 1 AND 64),
  decided_at      timestamptz,
  last_error      text,
  PRIMARY KEY (job_id, version),
  CONSTRAINT decided_callbacks_say_how CHECK (
    (decided_at IS NULL) = (callback_job_id IS NULL AND last_error IS NULL))
);

COMMENT ON TABLE job_callbacks IS 'One row for each final state of a job with a callback_url.';
COMMENT ON COLUMN job_callbacks.version IS 'Of the event that ended the job; see instant_of().';
COMMENT ON COLUMN job_callbacks.callback_job_id IS 'The webhook job that tells of it.';
COMMENT ON COLUMN job_callbacks.last_error IS 'Why no webhook job could be made.';

CREATE INDEX job_callbacks_due ON job_callbacks (version) WHERE decided_at IS NULL;
CREATE INDEX job_callbacks_decided ON job_callbacks (decided_at) WHERE decided_at IS NOT NULL;

CREATE FUNCTION note_callback() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO job_callbacks (job_id, version) VALUES (NEW.id, NEW.status_version) ON CONFLICT DO NOTHING;
  NOTIFY job_callbacks;
  RETURN NULL;
END
$$;

-- Two triggers, because only an update has an old row: one that leaves the state as it was is no news,
-- unless it brings the address, which another recorder may learn later than the end.
CREATE TRIGGER note_callback_of_new AFTER INSERT ON jobs FOR EACH ROW
WHEN (NEW.status IN ('finished', 'failed', 'canceled') AND NEW.callback_url IS NOT NULL)
EXECUTE FUNCTION note_callback();

CREATE TRIGGER note_callback_of_changed AFTER UPDATE ON jobs FOR EACH ROW
WHEN (NEW.status IN ('finished', 'failed', 'canceled') AND NEW.callback_url IS NOT NULL
  AND (OLD.status_version <> NEW.status_version OR OLD.callback_url IS NULL))
EXECUTE FUNCTION note_callback();
