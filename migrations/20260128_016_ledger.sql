-- Where the ledger lays out what it saw in Redis, to hold it against the record in one statement however
-- many jobs there are. Temporary: it lasts as long as the transaction of one count.

CREATE FUNCTION prepare_count() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  -- home is the list in which a queued job belongs; is_sound says that all but the lists agrees in Redis.
  CREATE TEMPORARY TABLE counted_jobs (
    job_id text COLLATE "C", status text, queue text, home text COLLATE "C", is_sound boolean
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE counted_entries (
    job_id text COLLATE "C", place text COLLATE "C"
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION prepare_count IS 'Makes the tables of one count of what is in Redis.';
