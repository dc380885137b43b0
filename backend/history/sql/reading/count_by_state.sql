-- Counted one by one: grouping a million rows takes longer than counting them.
SELECT state, (
    SELECT count(*) FROM jobs
    WHERE status = state
      AND (:since_version IS NULL OR (position >= :since_version AND position < :until_version))
  ) AS jobs
FROM unnest(CAST(:states AS text[])) AS words (state)
