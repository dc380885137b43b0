-- They are put together anew from their hours, once those are counted.
DELETE FROM job_statistics WHERE grain = 'day' AND since IN (
  SELECT d.since FROM job_statistics d
  WHERE d.grain = 'day' AND d.queue = '' AND d.job_type = '' AND d.failures IS NULL
    AND NOT EXISTS (SELECT FROM job_statistics h
      WHERE h.grain = 'hour' AND h.queue = '' AND h.job_type = '' AND h.failures IS NULL
        AND h.since >= d.since AND h.since < d.since + interval '1 day'))
