-- in steps
-- Moves what is on record to the tables of 024 while everybody works, in batches by id, and then lets those take the
-- names. What changes meanwhile is written to both by triggers. No lock is held for longer than a batch takes, but at
-- the end, when names change: some milliseconds. Interrupted, it goes on where it was.

CREATE TABLE IF NOT EXISTS job_moves (
  name     text PRIMARY KEY,
  key      text NOT NULL,
  -- The key of the last row that was moved, as SQL.
  moved_to text,
  moved    bigint NOT NULL DEFAULT 0,
  total    bigint NOT NULL,
  is_done  boolean NOT NULL DEFAULT false
);

CREATE OR REPLACE FUNCTION written_columns(name regclass) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
  WHERE attrelid = name AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
$$;

-- With the rights of the tables' owner: accounts of the services know nothing of the new tables yet.
CREATE OR REPLACE FUNCTION write_to_both() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  key     text := TG_ARGV[0];
  columns text := written_columns(TG_RELID::regclass);
BEGIN
  IF TG_OP = 'DELETE' THEN
    EXECUTE format('DELETE FROM %1$I WHERE (%2$s) IN (SELECT %2$s FROM changed)', TG_TABLE_NAME || '_by_month', key);
  ELSE
    EXECUTE format('INSERT INTO %1$I (%2$s) SELECT %2$s FROM changed ORDER BY %3$s'
      ' ON CONFLICT (%3$s) DO UPDATE SET (%2$s) = ROW(%4$s)',
      TG_TABLE_NAME || '_by_month', columns, key, 'excluded.' || replace(columns, ', ', ', excluded.'));
  END IF;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION written_columns, write_to_both FROM PUBLIC;

DO $$
DECLARE
  t record;
BEGIN
  -- In the order of the recorder, and not for long: who waits for a lock on a busy table holds up all behind.
  PERFORM set_config('lock_timeout', '500ms', true);
  IF to_regclass('jobs_by_month') IS NOT NULL THEN
    LOCK TABLE jobs, job_results IN SHARE ROW EXCLUSIVE MODE;
  END IF;
  FOR t IN
    SELECT c.relname AS name, k.key, c.reltuples AS about
    FROM (VALUES ('jobs', 'id'), ('job_results', 'job_id, fence')) AS k (name, key)
    JOIN pg_class c ON c.oid = k.name::regclass AND c.relkind = 'r'
    WHERE NOT EXISTS (SELECT FROM job_moves m WHERE m.name = k.name)
    ORDER BY k.name
  LOOP
    INSERT INTO job_moves (name, key, total) VALUES (t.name, t.key, greatest(t.about, 0));
    EXECUTE format('CREATE TRIGGER write_new_to_both AFTER INSERT ON %I REFERENCING NEW TABLE AS changed'
      ' FOR EACH STATEMENT EXECUTE FUNCTION write_to_both(%L)', t.name, t.key);
    EXECUTE format('CREATE TRIGGER write_changed_to_both AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed'
      ' FOR EACH STATEMENT EXECUTE FUNCTION write_to_both(%L)', t.name, t.key);
    EXECUTE format('CREATE TRIGGER delete_in_both AFTER DELETE ON %I REFERENCING OLD TABLE AS changed'
      ' FOR EACH STATEMENT EXECUTE FUNCTION write_to_both(%L)', t.name, t.key);
  END LOOP;
END
$$;

-- Room for what is there, from the month in which the first job on record was accepted, and for what comes.
SELECT make_jobs_partition(each.month::date)
FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') AS month) AS this,
  (SELECT instant_of(min(position)) AT TIME ZONE 'UTC' AS instant FROM jobs WHERE position > 0) AS first,
  generate_series(
    greatest(date_trunc('month', least(first.instant, this.month)), this.month - interval '5 years'),
    this.month + interval '2 months', interval '1 month') AS each (month);

CREATE OR REPLACE FUNCTION move_batch(m job_moves, most integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  batch bigint;
  last  text;
BEGIN
  -- Locked against being deleted: what is deleted while it is copied would stay in the copy. A row that is
  -- there already came by the triggers and is newer.
  EXECUTE format(
    'WITH batch AS MATERIALIZED (SELECT * FROM %1$I WHERE %2$s ORDER BY %3$s LIMIT %4$s FOR KEY SHARE),'
    ' put AS (INSERT INTO %5$I (%6$s) SELECT %6$s FROM batch ON CONFLICT DO NOTHING)'
    ' SELECT count(*), (SELECT concat_ws('', '', %7$s) FROM batch ORDER BY %8$s LIMIT 1) FROM batch',
    m.name, CASE WHEN m.moved_to IS NULL THEN 'true' ELSE format('(%s) > (%s)', m.key, m.moved_to) END, m.key, most,
    m.name || '_by_month', written_columns(m.name::regclass),
    (SELECT string_agg(format('quote_literal(%s)', part), ', ') FROM regexp_split_to_table(m.key, ', ') AS part),
    replace(m.key, ',', ' DESC,') || ' DESC')
  INTO batch, last;
  UPDATE job_moves SET moved_to = coalesce(last, moved_to), moved = moved + batch, is_done = batch = 0 WHERE name = m.name;
END
$$;

-- In one snapshot: a change is in both or in neither.
CREATE OR REPLACE FUNCTION refuse_unequal() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  unequal record;
BEGIN
  SELECT * INTO unequal FROM
    (SELECT count(*), sum(version::numeric), sum(fence::numeric) FROM jobs) AS j (jobs, versions, fences),
    (SELECT count(*), sum(version::numeric), sum(fence::numeric) FROM jobs_by_month) AS k (moved, versions, fences),
    (SELECT count(*), sum(version::numeric) FROM job_results) AS r (results, versions),
    (SELECT count(*), sum(version::numeric) FROM job_results_by_month) AS s (moved, versions)
  WHERE (j.jobs, j.versions, j.fences, r.results, r.versions)
    IS DISTINCT FROM (k.moved, k.versions, k.fences, s.moved, s.versions);
  IF FOUND THEN
    RAISE EXCEPTION 'the copy is not what it is a copy of, so nothing was replaced: %', unequal;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION hand_rights_on(old regclass, new regclass) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  given record;
  part  regclass;
BEGIN
  FOR given IN
    SELECT a.grantee, a.privilege_type AS entitled, a.is_grantable FROM pg_class t, aclexplode(t.relacl) a
    WHERE t.oid = old AND a.grantee <> t.relowner
  LOOP
    EXECUTE format('GRANT %s ON %s TO %s%s', given.entitled, new,
      CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END,
      CASE WHEN given.is_grantable THEN ' WITH GRANT OPTION' END);
    CONTINUE WHEN given.entitled <> 'SELECT' OR given.grantee = 0;
    FOR part IN SELECT relid FROM pg_partition_tree(new) WHERE relid <> new LOOP
      EXECUTE format('GRANT SELECT ON %s TO %s', part, given.grantee::regrole);
    END LOOP;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION swap_names() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  views json;
  sql   text;
BEGIN
  PERFORM set_config('lock_timeout', '500ms', true);
  LOCK TABLE jobs, job_results IN ACCESS EXCLUSIVE MODE;
  -- A view knows its tables by more than their names: each is told anew, ours and those that others made.
  SELECT json_agg(DISTINCT format('CREATE OR REPLACE VIEW %s %s AS %s', v.oid::regclass,
    'WITH (' || array_to_string(v.reloptions, ', ') || ')', pg_get_viewdef(v.oid))) INTO views
  FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'v'
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN ('jobs'::regclass, 'job_results'::regclass);
  PERFORM hand_rights_on('jobs', 'jobs_by_month'), hand_rights_on('job_results', 'job_results_by_month');
  ALTER TABLE jobs RENAME TO jobs_before;
  ALTER TABLE job_results RENAME TO job_results_before;
  ALTER TABLE jobs_by_month RENAME TO jobs;
  ALTER TABLE job_results_by_month RENAME TO job_results;
  FOR sql IN SELECT json_array_elements_text(views) LOOP
    EXECUTE sql;
  END LOOP;
  DROP TABLE jobs_before, job_results_before;
  FOR sql IN
    SELECT format('ALTER INDEX %I RENAME TO %I', c.relname, regexp_replace(regexp_replace(c.relname,
      '^results_by_month_', 'job_results_'), '(^|_)by_month_', CASE WHEN c.relname ~ '^by_month' THEN 'jobs_' ELSE '_' END))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid IN ('jobs'::regclass, 'job_results'::regclass) AND c.relname ~ 'by_month_'
  LOOP
    EXECUTE sql;
  END LOOP;
  -- Not before: a copied end is no news.
  CREATE TRIGGER note_callback_of_new AFTER INSERT ON jobs FOR EACH ROW
  WHEN (NEW.status IN ('finished', 'failed', 'canceled') AND NEW.callback_url IS NOT NULL)
  EXECUTE FUNCTION note_callback();
  CREATE TRIGGER note_callback_of_changed AFTER UPDATE ON jobs FOR EACH ROW
  WHEN (NEW.status IN ('finished', 'failed', 'canceled') AND NEW.callback_url IS NOT NULL
    AND (OLD.status_version <> NEW.status_version OR OLD.callback_url IS NULL))
  EXECUTE FUNCTION note_callback();
END
$$;

-- One step; how many rows are left, about, and of how many. 0 when names are changed.
CREATE OR REPLACE FUNCTION move_jobs(most integer) RETURNS TABLE (undone bigint, total bigint)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  m job_moves;
BEGIN
  SELECT * INTO m FROM job_moves WHERE NOT is_done ORDER BY name DESC LIMIT 1;
  IF to_regclass('jobs_by_month') IS NULL THEN
    RETURN QUERY SELECT 0::bigint, 0::bigint;
    RETURN;
  ELSIF m.name = 'equal' THEN
    PERFORM refuse_unequal();
    UPDATE job_moves SET is_done = true WHERE name = 'equal';
  ELSIF m.name IS NOT NULL THEN
    PERFORM move_batch(m, most);
  ELSIF NOT EXISTS (SELECT FROM job_moves WHERE name = 'equal') THEN
    ANALYZE jobs_by_month, job_results_by_month, job_tags;
    INSERT INTO job_moves (name, key, total) VALUES ('equal', '', 0);
  ELSE
    PERFORM swap_names();
  END IF;
  RETURN QUERY SELECT greatest(sum(greatest(each.total - each.moved, 0)), 1)::bigint, sum(each.total)::bigint FROM job_moves each;
END
$$;

-- repeated
-- A batch takes some tenths of a second; ALTER DATABASE ... SET tally.rows_a_step changes it.
SELECT undone, total FROM move_jobs(coalesce(nullif(current_setting('tally.rows_a_step', true), ''), '5000')::integer)

-- afterwards
DROP TABLE job_moves CASCADE;
DROP FUNCTION write_to_both, written_columns, refuse_unequal, hand_rights_on, swap_names, move_jobs;
