-- What could not be recorded goes with the history of its time, so accounts of the services may delete it.

CREATE INDEX set_aside_events_by_time ON set_aside_events (set_aside_at);

-- At the end of what the function gives already, as in 040.
DO $do$
BEGIN
  EXECUTE regexp_replace(pg_get_functiondef('grant_service_rights(name)'::regprocedure), '\nEND\n',
    E'\n  EXECUTE format(''GRANT DELETE ON set_aside_events TO %I'', account);\nEND\n');
END
$do$;

-- Accounts that have their rights already get this one now.
DO $$
DECLARE account oid;
BEGIN
  FOR account IN
    SELECT DISTINCT a.grantee FROM pg_class t, aclexplode(t.relacl) a
    WHERE t.oid = 'set_aside_events'::regclass AND a.privilege_type = 'INSERT' AND a.grantee NOT IN (0, t.relowner)
  LOOP
    EXECUTE format('GRANT DELETE ON set_aside_events TO %s', account::regrole);
  END LOOP;
END
$$;
