-- Accounts that get their rights from here on may look after months of jobs, and read what is noted beside the jobs.

CREATE FUNCTION grant_rights_to_months(account name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON job_counts TO %I', account);
  EXECUTE format('GRANT SELECT ON job_tags TO %I', account);
  EXECUTE format('GRANT EXECUTE ON FUNCTION make_jobs_partition, drop_jobs_partition TO %I', account);
END
$$;

REVOKE EXECUTE ON FUNCTION grant_rights_to_months FROM PUBLIC;
COMMENT ON FUNCTION grant_rights_to_months IS 'The part of grant_service_rights() that is about months of jobs.';

-- At the end of what the function gives already: to say all of it again here would take back what others add.
DO $do$
BEGIN
  EXECUTE regexp_replace(pg_get_functiondef('grant_service_rights(name)'::regprocedure), '\nEND\n',
    E'\n  PERFORM grant_rights_to_months(account);\nEND\n');
END
$do$;
