-- Jobs and their results by the month of the job's id, so that a month goes by dropping tables and no index grows
-- for ever. An id that we make begins with its instant, so a month is a range of ids; ids of callers' own making
-- have a table of their own. This file makes room beside the tables that are in use and has every change of those
-- written there too; 025 moves what is there already and then lets the new ones take their names.

-- Months begin where the first eight digits of an id change, at most 66 s before the calendar's month (of UTC).
CREATE FUNCTION first_id_of(month date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lpad(to_hex((extract(epoch FROM month::timestamp) * 1000)::bigint >> 16), 8, '0');

-- Whatever stands in a month's table is of that month, also an id that only looks like one of ours: of a text in
-- which something else than a digit comes, the highest number that sorts before it.
CREATE FUNCTION month_of_id(id text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN id COLLATE "C" < '01' OR id COLLATE "C" >= '02' THEN NULL
    -- Between the last digit and the first letter stand ids that we do not make, such as ULIDs: they have no month.
    WHEN id COLLATE "C" >= first_id_of('2026-08-01') AND id COLLATE "C" < '01a' THEN NULL
    ELSE date_trunc('month', to_timestamp((((
      CASE
        WHEN length(digits) = 8 THEN ('x' || digits)::bit(32)::bigint
        WHEN coalesce(nullif(substr(id, length(digits) + 1, 1), ''), '-') COLLATE "C" < '0'
          THEN ('x' || rpad(digits, 8, '0'))::bit(32)::bigint - 1
        WHEN substr(id, length(digits) + 1, 1) COLLATE "C" < 'a' THEN ('x' || rpad(digits || '9', 8, 'f'))::bit(32)::bigint
        ELSE ('x' || rpad(digits, 8, 'f'))::bit(32)::bigint
      END) << 16) + 65535) / 1000.0) AT TIME ZONE 'UTC')::date
    END
  FROM (SELECT substring(id FROM '^[0-9a-f]{1,8}') AS digits) AS start
$$;

COMMENT ON FUNCTION first_id_of IS 'The lowest id that a job of this month, by its id, can have.';
COMMENT ON FUNCTION month_of_id IS 'The month in whose range an id is; null for one of a caller''s own making.';

-- Wide columns come last, so that no byte is spent on bringing numbers into line.
CREATE TABLE jobs_by_month (
  position          bigint NOT NULL,
  status_version    bigint NOT NULL DEFAULT 0,
  version           bigint NOT NULL CONSTRAINT jobs_version_check CHECK (version > 0),
  fence             bigint NOT NULL DEFAULT 0,
  error_version     bigint NOT NULL DEFAULT 0,
  payload_version   bigint NOT NULL DEFAULT 0,
  ready_version     bigint NOT NULL DEFAULT 0,
  discarded_version bigint NOT NULL DEFAULT 0,
  run_at            timestamptz,
  created_at        timestamptz GENERATED ALWAYS AS
                      (CASE WHEN position > 0 THEN instant_of(position) END) STORED,
  enqueued_at       timestamptz GENERATED ALWAYS AS (instant_of(NULLIF(ready_version, 0))) STORED,
  started_at        timestamptz GENERATED ALWAYS AS (instant_of(NULLIF(fence, 0))) STORED,
  finished_at       timestamptz GENERATED ALWAYS AS (CASE WHEN status IN ('finished', 'failed', 'canceled')
                      THEN instant_of(NULLIF(status_version, 0)) END) STORED,
  discarded_at      timestamptz GENERATED ALWAYS AS (instant_of(NULLIF(discarded_version, 0))) STORED,
  max_attempts      integer NOT NULL DEFAULT 1 CONSTRAINT jobs_max_attempts_check CHECK (max_attempts >= 1),
  attempt           integer NOT NULL DEFAULT 0 CONSTRAINT jobs_attempt_check CHECK (attempt >= 0),
  shard             smallint NOT NULL DEFAULT 0,
  is_test           boolean NOT NULL DEFAULT false,
  id                text COLLATE "C" CONSTRAINT jobs_id_check CHECK (length(id) BETWEEN 1 AND 64),
  job_type          text COLLATE "C" NOT NULL DEFAULT '',
  status            text COLLATE "C" NOT NULL CONSTRAINT jobs_status_check CHECK (status IN (
                      'scheduled', 'deferred', 'queued', 'started', 'finished', 'failed', 'canceled')),
  queue             text COLLATE "C" NOT NULL,
  worker            text COLLATE "C",
  tenant            text COLLATE "C",
  trace_id          text COLLATE "C",
  context_id        text COLLATE "C",
  tags              text[] CONSTRAINT jobs_tags_check CHECK (cardinality(tags) > 0),
  payload           json,
  options           json,
  callback_url      text,
  last_error        text,
  error_kind        text COLLATE "C",
  error_reason      text COLLATE "C",
  changed_payload   json,

  PRIMARY KEY (id),
  CONSTRAINT accepted_jobs_have_a_type CHECK ((position > 0) = (job_type <> '')),
  CONSTRAINT accepted_jobs_have_a_payload CHECK ((position > 0) = (payload IS NOT NULL)),
  CONSTRAINT scheduled_jobs_have_a_time CHECK ((status = 'scheduled') = (run_at IS NOT NULL)),
  CONSTRAINT started_jobs_have_a_worker CHECK (status <> 'started' OR (fence > 0 AND worker IS NOT NULL)),
  CONSTRAINT attempts_have_a_fence CHECK ((attempt > 0) = (fence > 0)),
  CONSTRAINT errors_are_whole CHECK ((error_version > 0) = (last_error IS NOT NULL)),
  CONSTRAINT changed_payloads_are_whole CHECK ((payload_version > 0) = (changed_payload IS NOT NULL))
) PARTITION BY RANGE (id);

COMMENT ON TABLE jobs_by_month IS 'One row a job: what was asked for and where it stands.';
COMMENT ON COLUMN jobs_by_month.status IS 'The state, in the words of RQ.';
COMMENT ON COLUMN jobs_by_month.run_at IS 'When a scheduled job is due; null in other states.';
COMMENT ON COLUMN jobs_by_month.enqueued_at IS 'When it last became ready for a worker.';
COMMENT ON COLUMN jobs_by_month.finished_at IS 'When it came to its final state; null while it may still run.';
COMMENT ON COLUMN jobs_by_month.shard IS 'The number of the shard whose recorder wrote it.';

-- Lists are read newest first by position. Almost every job is finished, so who looks for finished ones finds
-- them by position alone; the others, that people look for, have an index with what they are looked for by.
CREATE INDEX by_month_by_position ON jobs_by_month (position);
CREATE INDEX by_month_by_type ON jobs_by_month (job_type, position);
CREATE INDEX by_month_by_queue ON jobs_by_month (queue, position);
CREATE INDEX by_month_by_status ON jobs_by_month (status, position, job_type, queue) WHERE status <> 'finished';
CREATE INDEX by_month_by_worker ON jobs_by_month (worker, position) WHERE worker IS NOT NULL;
CREATE INDEX by_month_by_tenant ON jobs_by_month (tenant, position) WHERE tenant IS NOT NULL;
CREATE INDEX by_month_by_trace ON jobs_by_month (trace_id, position) WHERE trace_id IS NOT NULL;
CREATE INDEX by_month_by_context ON jobs_by_month (context_id, position) WHERE context_id IS NOT NULL;
CREATE INDEX by_month_by_environment ON jobs_by_month ((options ->> 'environment'), position)
  WHERE options ->> 'environment' IS NOT NULL;
CREATE INDEX by_month_with_errors ON jobs_by_month (position) WHERE last_error IS NOT NULL;
CREATE INDEX by_month_dead ON jobs_by_month (position) INCLUDE (status_version, error_kind, job_type, queue, id)
  WHERE status = 'failed' AND discarded_version = 0;
-- Whether anything in a month came to its state after an instant: asked before the month is dropped.
CREATE INDEX by_month_by_settling ON jobs_by_month USING brin (status_version);

DO $$
DECLARE
  home text;
BEGIN
  SELECT n.nspname INTO home
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
  IF home IS NOT NULL AND to_regclass('jobs_by_error_text') IS NOT NULL THEN
    EXECUTE format('CREATE INDEX by_month_by_error_text ON jobs_by_month USING gin (last_error %I.gin_trgm_ops)'
      ' WHERE last_error IS NOT NULL', home);
  END IF;
END
$$;

CREATE TABLE job_results_by_month (
  fence          bigint NOT NULL CONSTRAINT job_results_fence_check CHECK (fence > 0),
  version        bigint NOT NULL,
  ready_version  bigint CONSTRAINT job_results_check CHECK (ready_version < fence),
  run_ms         double precision CONSTRAINT job_results_run_ms_check CHECK (run_ms > 0),
  wait_ms        bigint GENERATED ALWAYS AS ((fence >> 20) - (ready_version >> 20)) STORED,
  started_at     timestamptz NOT NULL GENERATED ALWAYS AS (instant_of(fence)) STORED,
  ended_at       timestamptz NOT NULL GENERATED ALWAYS AS (instant_of(version)) STORED,
  attempt        integer NOT NULL CONSTRAINT job_results_attempt_check CHECK (attempt >= 1),
  shard          smallint NOT NULL DEFAULT 0,
  job_id         text COLLATE "C" NOT NULL CONSTRAINT job_results_job_id_check CHECK (length(job_id) BETWEEN 1 AND 64),
  status         text COLLATE "C" NOT NULL CONSTRAINT job_results_status_check CHECK (status IN (
                   'finished', 'retried', 'snoozed', 'failed', 'released', 'canceled', 'crashed', 'suspected')),
  job_type       text COLLATE "C" NOT NULL DEFAULT '',
  queue          text COLLATE "C" NOT NULL,
  worker         text COLLATE "C",
  trace_id       text COLLATE "C",
  result_payload json,
  error_reason   text COLLATE "C",
  error_kind     text COLLATE "C",
  error_message  text,
  traceback      text,
  log            json,

  PRIMARY KEY (job_id, fence),
  CONSTRAINT attempts_end_after_they_start CHECK (version > fence),
  CONSTRAINT only_finished_attempts_have_results CHECK (result_payload IS NULL OR status = 'finished'),
  CONSTRAINT finished_attempts_have_no_error CHECK (status <> 'finished' OR error_kind IS NULL)
) PARTITION BY RANGE (job_id);

COMMENT ON TABLE job_results_by_month IS 'One row an attempt that ended: its worker, outcome, result or error.';
COMMENT ON COLUMN job_results_by_month.fence IS 'Version of the attempt''s started event; tells attempts apart even after Redis was restored from an older copy.';
COMMENT ON COLUMN job_results_by_month.wait_ms IS 'From ready to started.';
COMMENT ON COLUMN job_results_by_month.run_ms IS 'What the worker measured; null when it could not.';
COMMENT ON COLUMN job_results_by_month.log IS 'What the handler logged: an array of [Unix ms, level, text].';

CREATE INDEX results_by_month_by_end ON job_results_by_month (ended_at);
CREATE INDEX results_by_month_with_errors ON job_results_by_month (ended_at, error_kind, job_type, status)
  WHERE error_kind IS NOT NULL;

-- Jobs by their tags, newest first: an index over arrays knows no order, so that to list the newest of many
-- meant to read all, and one that nothing has was looked for in every job.
CREATE TABLE job_tags (
  position bigint NOT NULL,
  tag      text COLLATE "C" NOT NULL,
  job_id   text COLLATE "C" NOT NULL
) PARTITION BY RANGE (job_id);

CREATE INDEX job_tags_by_tag ON job_tags (tag, position);

COMMENT ON TABLE job_tags IS 'One row a tag of a job; written with the job by a trigger.';

-- How many jobs are in each state, so that nobody has to count them. Changes are added as rows of their own:
-- two recorders never wait for each other; the upkeep puts them together.
CREATE TABLE job_counts (
  jobs     bigint NOT NULL,
  month    date NOT NULL,
  status   text COLLATE "C" NOT NULL,
  job_type text COLLATE "C" NOT NULL,
  queue    text COLLATE "C" NOT NULL
);

COMMENT ON TABLE job_counts IS 'Jobs by month of their id, state, type and queue: the sum of all rows of a kind.';
COMMENT ON COLUMN job_counts.month IS 'See month_of_id(); -infinity: ids of callers'' own making.';

CREATE FUNCTION note_new_jobs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO job_counts (jobs, month, status, job_type, queue)
  SELECT sum(jobs), coalesce(month_of_id(stretch), '-infinity'), status, job_type, queue
  FROM (SELECT count(*) AS jobs, left(id, 8) AS stretch, status, job_type, queue FROM added GROUP BY 2, 3, 4, 5) each
  GROUP BY 2, 3, 4, 5;
  INSERT INTO job_tags (position, tag, job_id)
  SELECT DISTINCT a.position, has.tag, a.id FROM added a, unnest(a.tags) AS has (tag);
  RETURN NULL;
END
$$;

CREATE FUNCTION note_changed_jobs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  retagged text[];
BEGIN
  INSERT INTO job_counts (jobs, month, status, job_type, queue)
  SELECT sum(jobs), coalesce(month_of_id(stretch), '-infinity'), status, job_type, queue
  FROM (
    SELECT -1 AS jobs, left(id, 8) AS stretch, status, job_type, queue FROM before
    UNION ALL SELECT 1, left(id, 8), status, job_type, queue FROM after) each
  GROUP BY 2, 3, 4, 5 HAVING sum(jobs) <> 0;
  -- Tags come with the acceptance, which may be recorded after other events of the job. Grouped, not joined: the
  -- recorder forbids the joins that are quick between two lists without an index.
  retagged := ARRAY(
    SELECT DISTINCT id FROM (
      SELECT id, position, tags FROM before WHERE tags IS NOT NULL
      UNION ALL SELECT id, position, tags FROM after WHERE tags IS NOT NULL) each
    GROUP BY id, position, tags HAVING count(*) = 1);
  IF retagged <> '{}' THEN
    DELETE FROM job_tags t USING before b, unnest(b.tags) AS was (tag)
    WHERE b.id = ANY(retagged) AND t.tag = was.tag AND t.position = b.position AND t.job_id = b.id;
    INSERT INTO job_tags (position, tag, job_id)
    SELECT DISTINCT a.position, became.tag, a.id FROM after a, unnest(a.tags) AS became (tag) WHERE a.id = ANY(retagged);
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION note_gone_jobs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO job_counts (jobs, month, status, job_type, queue)
  SELECT -sum(jobs), coalesce(month_of_id(stretch), '-infinity'), status, job_type, queue
  FROM (SELECT count(*) AS jobs, left(id, 8) AS stretch, status, job_type, queue FROM gone GROUP BY 2, 3, 4, 5) each
  GROUP BY 2, 3, 4, 5;
  DELETE FROM job_tags t USING gone g, unnest(g.tags) AS had (tag)
  WHERE t.tag = had.tag AND t.position = g.position AND t.job_id = g.id;
  RETURN NULL;
END
$$;

CREATE TRIGGER note_new AFTER INSERT ON jobs_by_month REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION note_new_jobs();
CREATE TRIGGER note_changed AFTER UPDATE ON jobs_by_month REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION note_changed_jobs();
CREATE TRIGGER note_gone AFTER DELETE ON jobs_by_month REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION note_gone_jobs();

-- Ids that tell an instant, months inside; what has no month (yet) is far. Two levels, because a new month has to
-- be held against everything in the default beside it: here that is next to nothing, whereas callers' own ids may
-- be all there is.
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT * FROM (VALUES ('jobs_by_month', 'jobs', 'id'), ('job_results_by_month', 'job_results', 'job_id'),
      ('job_tags', 'job_tags', 'job_id')) AS tables (parent, name, key) LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (''01'') TO (''02'') PARTITION BY RANGE (%I)',
      t.name || '_dated', t.parent, t.key);
    EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', t.name || '_far', t.name || '_dated');
    EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', t.name || '_other', t.parent);
  END LOOP;
END
$$;

-- Counts and lists are answered from indexes alone where the table is known to be clean.
CREATE FUNCTION tune_month(name regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05,'
    ' autovacuum_analyze_scale_factor = 0.02)', name);
END
$$;
SELECT tune_month(name::regclass) FROM unnest(ARRAY['jobs_far', 'jobs_other', 'job_results_far', 'job_results_other',
  'job_tags_far', 'job_tags_other']) AS name;

CREATE FUNCTION make_month(root text, key text, first date) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  name    text := root || '_' || to_char(first, 'YYYY_MM');
  lowest  text := first_id_of(first);
  beyond  text := first_id_of((first + interval '1 month')::date);
  columns text;
  reader  regrole;
BEGIN
  -- Between the last digit and the first letter stand ids that we do not make, such as ULIDs.
  IF lowest COLLATE "C" < '01:' AND beyond COLLATE "C" > '01a' THEN
    lowest := '01a';
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, root || '_dated');
  PERFORM tune_month(name::regclass);
  -- Whoever reads all of it copies each part of it by its own name in a backup.
  FOR reader IN
    SELECT DISTINCT a.grantee FROM pg_class t, aclexplode(t.relacl) a
    WHERE t.oid = (root || '_far')::regclass AND a.privilege_type = 'SELECT' AND a.grantee NOT IN (0, t.relowner)
  LOOP
    EXECUTE format('GRANT SELECT ON %I TO %s', name, reader);
  END LOOP;
  SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
  WHERE attrelid = name::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', root || '_far');
  EXECUTE format('WITH early AS (DELETE FROM %1$I WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING %5$s)'
    ' INSERT INTO %6$I (%5$s) SELECT %5$s FROM early', root || '_far', key, lowest, beyond, columns, name);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', root || '_dated', name, lowest, beyond);
END
$$;

CREATE FUNCTION make_jobs_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first date := date_trunc('month', month::timestamp);
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('jobs partitions'));
  IF to_regclass('jobs_' || to_char(first, 'YYYY_MM')) IS NOT NULL THEN
    RETURN false;
  END IF;
  PERFORM make_month('jobs', 'id', first), make_month('job_results', 'job_id', first),
    make_month('job_tags', 'job_id', first);
  RETURN true;
END
$$;

CREATE FUNCTION is_over(month regclass, before timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  found boolean;
BEGIN
  -- Two questions, each with an index of its own.
  EXECUTE format('SELECT EXISTS (SELECT FROM %1$s WHERE status IN (''scheduled'', ''deferred'', ''queued'', ''started''))'
    ' OR EXISTS (SELECT FROM %1$s WHERE status_version >= version_at(%2$L))', month, before) INTO found;
  RETURN NOT found;
END
$$;

CREATE FUNCTION drop_jobs_partition(month date, before timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first  date := date_trunc('month', month::timestamp);
  suffix text := '_' || to_char(first, 'YYYY_MM');
BEGIN
  IF (first + interval '1 month') AT TIME ZONE 'UTC' > least(now(), before) THEN
    RAISE EXCEPTION 'the month % is not over: its jobs are kept', to_char(first, 'YYYY-MM')
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF to_regclass('jobs' || suffix) IS NULL OR NOT is_over(to_regclass('jobs' || suffix), before) THEN
    RETURN false;
  END IF;
  -- Nobody may bring a job of it back to life from here on; those who read it may go on reading.
  EXECUTE format('LOCK TABLE %I IN SHARE MODE', 'jobs' || suffix);
  IF NOT is_over(to_regclass('jobs' || suffix), before) THEN
    RETURN false;
  END IF;
  DELETE FROM artifacts WHERE job_id COLLATE "C" >= first_id_of(first)
    AND job_id COLLATE "C" < first_id_of((first + interval '1 month')::date);
  DELETE FROM job_counts WHERE job_counts.month = first;
  EXECUTE format('DROP TABLE %I, %I, %I', 'job_tags' || suffix, 'job_results' || suffix, 'jobs' || suffix);
  RETURN true;
END
$$;

COMMENT ON FUNCTION make_jobs_partition IS 'Makes room for the jobs of a month; false if there was.';
COMMENT ON FUNCTION drop_jobs_partition IS 'Drops a month of jobs that have all ended before an instant; false if one has not.';
REVOKE EXECUTE ON FUNCTION make_month, tune_month, is_over, make_jobs_partition, drop_jobs_partition, note_new_jobs,
  note_changed_jobs, note_gone_jobs FROM PUBLIC;

-- Accounts that have their rights already get these now.
DO $$
DECLARE account oid;
BEGIN
  FOR account IN
    SELECT DISTINCT a.grantee FROM pg_class t, aclexplode(t.relacl) a
    WHERE t.oid = 'job_statistics'::regclass AND a.privilege_type = 'INSERT' AND a.grantee NOT IN (0, t.relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON job_counts TO %s', account::regrole);
    EXECUTE format('GRANT SELECT ON job_tags TO %s', account::regrole);
    EXECUTE format('GRANT EXECUTE ON FUNCTION make_jobs_partition, drop_jobs_partition TO %s', account::regrole);
  END LOOP;
END
$$;
