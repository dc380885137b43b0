UPDATE api_keys SET last_used_at = :at, last_used_from = :address WHERE id = :id
