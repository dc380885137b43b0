-- The one table that cannot come from a migration.
CREATE TABLE IF NOT EXISTS schema_migrations (
  name       text COLLATE "C" PRIMARY KEY,
  checksum   text NOT NULL,
  seconds    double precision NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)
