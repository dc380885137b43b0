-- A job that waits may get the payload of a later one that is the same: an event of its own. Rows that are there
-- are not read again: each of them met the shorter list.

ALTER TABLE job_events DROP CONSTRAINT job_events_kind_check;
ALTER TABLE job_events ADD CONSTRAINT job_events_kind_check CHECK (kind IN (
  'enqueued', 'promoted', 'started', 'finished', 'retried', 'snoozed', 'failed', 'released',
  'crashed', 'suspected', 'cancel_asked', 'canceled', 'redriven', 'discarded', 'resolved',
  'reprioritised', 'replaced', 'dropped')) NOT VALID;

COMMENT ON COLUMN job_events.payload IS 'The changed payload of a redrive, or that of a later job that is the same.';
COMMENT ON COLUMN jobs.changed_payload IS
  'What it was redriven with, or a later job that is the same left it, at `payload_version`; the payload it was accepted with stays.';
