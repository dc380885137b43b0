INSERT INTO schedule_ticks (
  schedule_id, planned_at, due_at, by_hand, asked_by, outcome, job_id, reason)
VALUES (
  :schedule_id, :planned_at, :due_at, true, :asked_by, 'planned', :job_id, NULLIF(:reason, ''))
ON CONFLICT DO NOTHING
