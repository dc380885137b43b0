INSERT INTO schedule_ticks (
  schedule_id, planned_at, due_at, outcome, job_id, reason, decided_at)
SELECT :schedule_id, planned_at, due_at, outcome, NULLIF(job_id, ''), NULLIF(reason, ''),
  CASE WHEN outcome <> 'planned' THEN clock_timestamp() END
FROM unnest(
  CAST(:planned_at AS timestamptz[]), CAST(:due_at AS timestamptz[]), CAST(:outcome AS text[]),
  CAST(:job_id AS text[]), CAST(:reason AS text[])
) AS verdicts (planned_at, due_at, outcome, job_id, reason)
ON CONFLICT DO NOTHING
