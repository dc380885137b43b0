-- What gave way to a tick does not stand for it, nor what the clock has not come to: that ran too early.
SELECT s.*, t.*, clock_timestamp() AS now,
  CASE WHEN s.next_due_at <= clock_timestamp() THEN 1 ELSE 0 END + (
    SELECT count(*) FROM (
      SELECT FROM schedule_ticks AS later
      WHERE later.schedule_id = t.schedule_id AND later.planned_at > t.planned_at AND NOT later.by_hand
        AND later.planned_at <= clock_timestamp() AND later.outcome IN ('planned', 'ran')
      LIMIT :counted) AS counted
  ) AS behind,
  EXISTS (SELECT FROM jobs WHERE jobs.id = t.job_id) AS is_recorded
FROM schedule_ticks AS t
JOIN schedules AS s ON s.id = t.schedule_id
WHERE t.outcome = 'planned'
ORDER BY t.planned_at, t.schedule_id, t.by_hand LIMIT :most OFFSET :start
