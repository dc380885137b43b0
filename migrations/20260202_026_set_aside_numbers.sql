-- A stream entry tells of many jobs. One event of it that cannot be recorded is set aside under the entry's id and its
-- number, as '1769500000000-0/3'; the others are recorded. What is set aside as a whole keeps the bare id, which is
-- all that recorders of the last release write, and what they look for.

ALTER TABLE set_aside_events
  ADD COLUMN number integer NOT NULL
    GENERATED ALWAYS AS (coalesce(CAST(nullif(split_part(stream_id, '/', 2), '') AS integer), 0)) STORED;

COMMENT ON TABLE set_aside_events IS 'Events that could not be recorded, kept for a person to look at.';
COMMENT ON COLUMN set_aside_events.stream_id IS 'Id of the stream entry; of one event of several in it, a slash and its number after that.';
COMMENT ON COLUMN set_aside_events.number IS 'Place of the event in its entry, from 1; 0: all of the entry.';
