-- What a batch changes of many jobs is counted on either side before the sides are held against each other: one
-- statement over all rows of both cost the recorder a quarter more of Postgres' time for each job that went on.

CREATE OR REPLACE FUNCTION note_changed_jobs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  retagged text[];
BEGIN
  INSERT INTO job_counts (jobs, month, status, job_type, queue)
  SELECT sum(jobs), coalesce(month_of_id(stretch), '-infinity'), status, job_type, queue
  FROM (
    SELECT -count(*) AS jobs, left(id, 8) AS stretch, status, job_type, queue FROM before GROUP BY 2, 3, 4, 5
    UNION ALL
    SELECT count(*), left(id, 8), status, job_type, queue FROM after GROUP BY 2, 3, 4, 5) each
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
