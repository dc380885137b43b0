SELECT * FROM schedule_ticks
WHERE schedule_id = :schedule_id
  AND planned_at < coalesce(CAST(:before AS timestamptz), 'infinity')
  AND (:outcome = '' OR outcome = :outcome)
ORDER BY planned_at DESC, by_hand LIMIT :most
