-- Bearer tokens of programs. Only a hash is kept: a token is shown once, when it is made.

CREATE TABLE api_keys (
  id             text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  name           text NOT NULL CHECK (name <> ''),
  role           text NOT NULL CHECK (role IN ('viewer', 'producer', 'operator', 'admin')),
  tenant         text COLLATE "C",
  token_sha256   bytea NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
  token_hint     text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  created_by     text NOT NULL,
  expires_at     timestamptz,
  revoked_at     timestamptz,
  revoked_by     text,
  last_used_at   timestamptz,
  last_used_from text,
  CONSTRAINT keys_expire_after_they_are_made CHECK (expires_at > created_at),
  CONSTRAINT revocations_have_a_name CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

COMMENT ON COLUMN api_keys.token_hint IS 'The last characters of the token, so that people can tell keys apart.';
