-- Behind a pooler the session goes to somebody else: it keeps no tables of ours, and of no older release's shape.
DROP TABLE IF EXISTS pg_temp.staged_jobs, pg_temp.staged_events, pg_temp.staged_results
