-- An id may come again when Redis has forgotten its job, while that is still on record: what is on record of it may be
-- of the earlier job. These tell one from the other.

CREATE OR REPLACE FUNCTION is_since(version bigint, since bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN abs(version) >> 20 >= since >> 20;

COMMENT ON FUNCTION is_since IS
  'Whether an event, or a position, is not from before another, to the millisecond: jobs of one line have positions beyond its version.';

CREATE OR REPLACE FUNCTION newest_since(one bigint, other bigint, since bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN is_since(greatest(one, other), since) THEN greatest(one, other) ELSE 0 END;

COMMENT ON FUNCTION newest_since IS 'The higher of two versions of a register of `jobs`; 0 when that is of an earlier job of its id.';

CREATE OR REPLACE FUNCTION is_later(version bigint, than bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN abs(version) > coalesce(than, 0);

COMMENT ON FUNCTION is_later IS 'Whether an event, or a position, is later than another; than null: always.';

-- No default: rows that are there stay as they are written.
ALTER TABLE job_outbox ADD COLUMN IF NOT EXISTS sent_after bigint;

COMMENT ON COLUMN job_outbox.sent_after IS
  'How far events had come when it was claimed last: a job on record from before is not what it became. Null: its job was there already, or nobody knows.';
