INSERT INTO controls AS c (name, value, version, said_by, reason, since)
VALUES (:name, :value, :version, :said_by, :reason, :since)
ON CONFLICT (name) DO UPDATE SET
  value = excluded.value, version = excluded.version, said_by = excluded.said_by, reason = excluded.reason,
  since = excluded.since
WHERE c.version < excluded.version
