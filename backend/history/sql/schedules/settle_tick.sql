UPDATE schedule_ticks SET
  outcome = :outcome, job_id = NULLIF(:job_id, ''), reason = coalesce(NULLIF(:reason, ''), reason),
  decided_at = clock_timestamp(),
  late_seconds = CASE WHEN :outcome = 'ran'
    THEN greatest(0, extract(epoch FROM clock_timestamp() - due_at)) END
WHERE schedule_id = :schedule_id AND planned_at = :planned_at AND by_hand = :by_hand
  AND outcome = 'planned'
