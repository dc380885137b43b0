-- Whether a job of a month may be in the dead-letter queue. In August 2026 other ids stand between those of the month.
SELECT EXISTS (
  SELECT FROM jobs
  WHERE status = 'failed' AND discarded_version = 0 AND position > 0 AND month_of_id(id) = CAST(:month AS date)
    AND id >= first_id_of(:month) AND id < first_id_of(CAST(CAST(:month AS date) + interval '1 month' AS date)))
