-- Whoever greeted us gave the number of the session's process. A pooler makes one up, for its sessions are not
-- the server's; then no row is found, and nothing is set that would stay behind. Nor is what an older server does
-- not know.
SELECT set_config(name, setting, false)
FROM unnest(CAST(:names AS text[]), CAST(:texts AS text[])) AS wanted (name, setting)
WHERE pg_backend_pid() = :greeted_by AND current_setting(name, true) IS NOT NULL
