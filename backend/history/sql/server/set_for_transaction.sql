-- A server that is older does not know each of the settings.
SELECT set_config(name, setting, true)
FROM unnest(CAST(:names AS text[]), CAST(:texts AS text[])) AS wanted (name, setting)
WHERE current_setting(name, true) IS NOT NULL
