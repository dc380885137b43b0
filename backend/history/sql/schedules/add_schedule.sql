INSERT INTO schedules (
  id, name, job_type, payload, options, priority, cron, interval_seconds, time_zone, jitter_seconds,
  missed_runs, overlap, starts_at, next_at, next_due_at, origin, seeded_as,
  created_at, created_by, paused_at, paused_by)
VALUES (
  :id, :name, :job_type, CAST(:payload AS json), CAST(:options AS json), NULLIF(:priority, ''),
  NULLIF(:cron, ''), NULLIF(:interval, 0), :time_zone, :jitter, :missed_runs, :overlap, :starts_at,
  :next_at, :next_due_at, :origin, CAST(:seeded_as AS json),
  :created_at, :created_by, :paused_at, NULLIF(:paused_by, ''))
ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING
