INSERT INTO api_keys (
  id, name, role, tenant, job_types, token_sha256, token_hint, created_at, created_by, expires_at)
VALUES (
  :id, :name, :role, :tenant, CAST(:job_types AS text[]), :token_sha256, :token_hint, :created_at,
  :created_by, :expires_at)
