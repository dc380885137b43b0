-- The clock was ahead: they have not come yet. What runs or ran stays, so that it runs no second time.
DELETE FROM schedule_ticks
WHERE schedule_id = :schedule_id AND planned_at >= :from_at AND NOT by_hand
  AND outcome IN ('skipped', 'missed')
