-- Accounts that get their rights from here on may look after months of jobs, and read what is noted beside the jobs.

CREATE OR REPLACE FUNCTION grant_service_rights(account name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), account);
  EXECUTE format('GRANT SELECT ON schema_migrations TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT ON job_events, audit_log, job_event_seals, set_aside_events TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON jobs, job_results, job_statistics, stale_hours,'
    ' job_outbox, event_records, event_record_jobs, job_callbacks, schedules, schedule_ticks, artifacts, api_keys'
    ' TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON queue_depths, job_counts TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON chain_heads, controls TO %I', account);
  EXECUTE format('GRANT SELECT ON current_hours, job_tags TO %I', account);
  EXECUTE format('GRANT EXECUTE ON FUNCTION make_job_events_partition, drop_job_events_partition,'
    ' make_jobs_partition, drop_jobs_partition TO %I', account);
END
$$;
