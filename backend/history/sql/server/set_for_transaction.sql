SELECT set_config(name, setting, true)
FROM unnest(CAST(:names AS text[]), CAST(:texts AS text[])) AS wanted (name, setting)
