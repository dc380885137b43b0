-- What ran too early, by a clock that was ahead, hides nothing that runs now. now() is the time of the
-- statement, by which the index is read.
(SELECT job_id, outcome = 'ran' AS is_enqueued FROM schedule_ticks
  WHERE schedule_id = :schedule_id AND job_id IS NOT NULL AND planned_at <= now()
  ORDER BY planned_at DESC LIMIT :most)
UNION ALL
(SELECT job_id, true FROM schedule_ticks
  WHERE schedule_id = :schedule_id AND job_id IS NOT NULL AND planned_at > now() AND outcome = 'ran'
  ORDER BY planned_at DESC LIMIT :most)
