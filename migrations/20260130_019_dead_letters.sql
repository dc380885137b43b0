-- Dead jobs stand far apart among the others: to group the newest 5,000 of them by error meant to read as many pages.

CREATE INDEX jobs_dead ON jobs (position) INCLUDE (status_version, error_kind, job_type, queue, id)
  WHERE status = 'failed' AND discarded_version = 0;
