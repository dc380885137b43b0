-- Of hours that were summed up before this was counted, and of those that lost attempts since; the newest first.
UPDATE job_statistics SET failures = failures_of_results(since, since + interval '1 hour')
WHERE grain = 'hour' AND queue = '' AND job_type = '' AND since IN (
  SELECT since FROM job_statistics
  WHERE grain = 'hour' AND queue = '' AND job_type = '' AND failures IS NULL
  ORDER BY since DESC LIMIT :most)
