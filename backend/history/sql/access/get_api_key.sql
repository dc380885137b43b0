SELECT id, name, role, tenant, token_sha256, token_hint, created_at, created_by, expires_at,
  revoked_at, revoked_by, last_used_at, last_used_from, job_types
FROM api_keys WHERE id = :id
