-- Jobs that a caller committed together with its own data; the relay takes them to Redis.

CREATE TABLE job_outbox (
  number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id       text COLLATE "C" NOT NULL UNIQUE CHECK (length(job_id) BETWEEN 1 AND 64),
  job          json NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  tries        integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
  not_before   timestamptz,
  claimed_by   bigint,
  sent_at      timestamptz,
  accepted_as  text COLLATE "C",
  last_error   text,
  set_aside_at timestamptz,
  CONSTRAINT what_was_sent_was_tried CHECK (sent_at IS NULL OR tries > 0),
  CONSTRAINT what_was_sent_has_an_id CHECK ((sent_at IS NULL) = (accepted_as IS NULL)),
  CONSTRAINT sent_or_set_aside CHECK (sent_at IS NULL OR set_aside_at IS NULL)
);

COMMENT ON TABLE job_outbox IS 'Jobs accepted in a transaction of the caller''s, on their way to Redis.';
COMMENT ON COLUMN job_outbox.number IS 'Order of creation, in which the relay sends.';
COMMENT ON COLUMN job_outbox.job IS 'The checked job with all its options, as the broker accepts it.';
COMMENT ON COLUMN job_outbox.not_before IS 'Redis refused it for a while: its queue or the record was full.';
COMMENT ON COLUMN job_outbox.claimed_by IS 'Term of the relay that is about to send it. Still set in another term: nobody knows whether it arrived.';
COMMENT ON COLUMN job_outbox.accepted_as IS 'The job''s own id, or that of the job that held its idempotency key.';
COMMENT ON COLUMN job_outbox.set_aside_at IS 'It can never be sent; a person must look at it.';

CREATE INDEX job_outbox_unsent ON job_outbox (number) WHERE sent_at IS NULL AND set_aside_at IS NULL;
CREATE INDEX job_outbox_set_aside ON job_outbox (number) WHERE set_aside_at IS NOT NULL;
CREATE INDEX job_outbox_sent ON job_outbox (sent_at) WHERE sent_at IS NOT NULL;

CREATE FUNCTION ring_the_relay() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY job_outbox;
  RETURN NULL;
END
$$;

CREATE TRIGGER ring_the_relay AFTER INSERT ON job_outbox
FOR EACH STATEMENT EXECUTE FUNCTION ring_the_relay();
