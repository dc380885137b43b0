INSERT INTO schema_migrations (name, checksum, seconds) VALUES (:name, :checksum, :seconds)
