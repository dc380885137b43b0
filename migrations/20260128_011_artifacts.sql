-- Files that jobs produced; the bytes are in the artifact store.

CREATE TABLE artifacts (
  id         text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  job_id     text COLLATE "C" NOT NULL CHECK (length(job_id) BETWEEN 1 AND 64),
  attempt    integer NOT NULL CHECK (attempt >= 1),
  name       text NOT NULL CHECK (name <> ''),
  media_type text NOT NULL,
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  sha256     bytea NOT NULL CHECK (length(sha256) = 32),
  location   text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  deleted_at timestamptz
);

COMMENT ON COLUMN artifacts.location IS 'Where the store keeps it, in the store''s own words; never a path that a caller gave.';
COMMENT ON COLUMN artifacts.deleted_at IS 'When the bytes went; the row stays as long as its job.';

CREATE INDEX artifacts_by_job ON artifacts (job_id);
CREATE INDEX artifacts_to_expire ON artifacts (expires_at) WHERE deleted_at IS NULL AND expires_at IS NOT NULL;
