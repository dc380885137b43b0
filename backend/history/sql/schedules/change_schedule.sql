UPDATE schedules SET
  job_type = :job_type, payload = CAST(:payload AS json), options = CAST(:options AS json),
  priority = NULLIF(:priority, ''), cron = NULLIF(:cron, ''), interval_seconds = NULLIF(:interval, 0),
  time_zone = :time_zone, jitter_seconds = :jitter, missed_runs = :missed_runs, overlap = :overlap,
  starts_at = :starts_at, next_at = :next_at, next_due_at = :next_due_at,
  seeded_as = CAST(:seeded_as AS json), revision = revision + 1,
  changed_at = :changed_at, changed_by = NULLIF(:changed_by, ''),
  paused_at = :paused_at, paused_by = NULLIF(:paused_by, ''), deleted_at = :deleted_at
WHERE id = :id AND revision = :seen_revision AND next_at IS NOT DISTINCT FROM :seen_next_at
