-- Least rights for the account that the services use, apart from the one that owns the tables. What is
-- append-only it may read and add to, never change; months of events go through a function that refuses
-- to drop one that is not over. Run once for each account: SELECT grant_service_rights('tally_app').

CREATE FUNCTION grant_service_rights(account name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), account);
  EXECUTE format('GRANT SELECT ON schema_migrations TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT ON job_events, audit_log, job_event_seals, set_aside_events TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON jobs, job_results, job_statistics, stale_hours,'
    ' job_outbox, event_records, event_record_jobs, job_callbacks, schedules, schedule_ticks, artifacts, api_keys'
    ' TO %I', account);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON chain_heads TO %I', account);
  EXECUTE format('GRANT SELECT ON current_hours TO %I', account);
  EXECUTE format('GRANT EXECUTE ON FUNCTION make_job_events_partition, drop_job_events_partition TO %I', account);
END
$$;

REVOKE EXECUTE ON FUNCTION grant_service_rights FROM PUBLIC;
COMMENT ON FUNCTION grant_service_rights IS 'Gives an account what the services need and no more.';
