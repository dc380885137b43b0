INSERT INTO artifacts (
  id, job_id, attempt, name, media_type, size_bytes, sha256, location, created_at, expires_at, tenant)
SELECT id, job_id, attempt, name, media_type, size_bytes, decode(sha256, 'hex'), location,
  coalesce(created_at, now()), expires_at, nullif(tenant, '')
FROM json_to_recordset(CAST(:artifacts AS json)) AS found (
  id text, job_id text, attempt integer, name text, media_type text, size_bytes bigint, sha256 text,
  location text, created_at timestamptz, expires_at timestamptz, tenant text)
ON CONFLICT DO NOTHING
