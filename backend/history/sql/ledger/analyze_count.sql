ANALYZE counted_jobs, counted_entries
