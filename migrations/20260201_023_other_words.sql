-- Where a job belongs can be searched for; only jobs that say it are in the index. And the record in the
-- words of other queues, for queries that people bring along: they may join, filter and sum up over it.

CREATE INDEX jobs_by_environment ON jobs ((options ->> 'environment'), position)
  WHERE options ->> 'environment' IS NOT NULL;

CREATE INDEX event_records_by_context ON event_records (context_id, created_at, id)
  WHERE context_id IS NOT NULL;

CREATE VIEW task_jobs AS
SELECT j.id, j.id AS job_id, word.status, word.run_status, j.queue AS queue_name, j.job_type AS task_name,
  coalesce(j.changed_payload, j.payload) AS args, j.attempt AS attempts, j.run_at AS scheduled_at,
  j.created_at, j.started_at, j.finished_at, j.last_error AS error, j.last_error,
  j.tenant, j.trace_id, j.context_id, j.callback_url, j.is_test,
  j.options ->> 'environment' AS environment,
  (SELECT r.result_payload FROM job_results r
   WHERE r.job_id = j.id AND r.status = 'finished' ORDER BY r.fence DESC LIMIT 1) AS result_payload
FROM jobs j
-- A join, not a CASE: so a condition on the word is one on the state, which has an index.
JOIN (VALUES
  ('scheduled', 'todo', 'queued'), ('deferred', 'todo', 'queued'), ('queued', 'todo', 'queued'),
  ('started', 'doing', 'running'), ('finished', 'succeeded', 'success'),
  ('failed', 'failed', 'failed'), ('canceled', 'cancelled', 'canceled')
) AS word (state, status, run_status) ON word.state = j.status;

COMMENT ON VIEW task_jobs IS 'The record in words of other queues: status todo, doing, succeeded, failed, cancelled; run_status queued, running, success, failed, canceled.';
