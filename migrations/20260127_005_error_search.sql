-- Search for any part of an error's text. The trigram extension is part of contrib and trusted, so the
-- owner of the database may install it; where it is not offered, the search works without, on the
-- smaller index of jobs with errors.

DO $$
DECLARE
  home text;
BEGIN
  BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
  EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'no pg_trgm here: text in errors is searched without its index';
  END;
  SELECT n.nspname INTO home
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
  IF home IS NOT NULL THEN
    EXECUTE format('CREATE INDEX jobs_by_error_text ON jobs USING gin (last_error %I.gin_trgm_ops)'
      ' WHERE last_error IS NOT NULL', home);
  END IF;
END
$$;
