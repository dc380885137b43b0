-- A backup reads every table by its own name, partitions and sequences too, and locks each. The account of the
-- services could read the events by the name of their parent only, so that pg_dump under it failed.

CREATE OR REPLACE FUNCTION make_job_events_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first timestamp := date_trunc('month', month::timestamp);
  name  text := 'job_events_' || to_char(first, 'YYYY_MM');
  reader regrole;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('job_events partitions'));
  IF to_regclass(name) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE job_events INCLUDING ALL)', name);
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I'
    ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
  FOR reader IN
    SELECT DISTINCT a.grantee FROM pg_class t, aclexplode(t.relacl) a
    WHERE t.oid = 'job_events'::regclass AND a.privilege_type = 'SELECT' AND a.grantee NOT IN (0, t.relowner)
  LOOP
    EXECUTE format('GRANT SELECT ON %I TO %s', name, reader);
  END LOOP;
  EXECUTE format('ALTER TABLE job_events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name,
    version_at(first AT TIME ZONE 'UTC'), version_at((first + interval '1 month') AT TIME ZONE 'UTC'));
  RETURN true;
END
$$;

CREATE FUNCTION grant_backup_rights(account name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  found record;
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), account);
  FOR found IN
    SELECT c.oid::regclass AS name, c.relkind = 'S' AS is_sequence FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND c.relowner = (SELECT relowner FROM pg_class WHERE oid = 'schema_migrations'::regclass)
  LOOP
    EXECUTE format('GRANT SELECT ON %s %s TO %I',
      CASE WHEN found.is_sequence THEN 'SEQUENCE' ELSE 'TABLE' END, found.name, account);
  END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION grant_backup_rights FROM PUBLIC;
COMMENT ON FUNCTION grant_backup_rights IS 'Lets an account copy every table of ours with pg_dump, and change none.';

-- Accounts that have their rights already get these now.
DO $$
DECLARE account oid;
BEGIN
  FOR account IN
    SELECT DISTINCT a.grantee FROM pg_class t, aclexplode(t.relacl) a
    WHERE t.oid = 'job_statistics'::regclass AND a.privilege_type = 'INSERT' AND a.grantee NOT IN (0, t.relowner)
  LOOP
    PERFORM grant_backup_rights(pg_get_userbyid(account));
  END LOOP;
END
$$;
