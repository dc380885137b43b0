UPDATE api_keys SET expires_at = least(coalesce(expires_at, :at), greatest(:at, created_at + interval '1 second'))
WHERE id = :id
