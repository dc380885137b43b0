-- Of the jobs accepted in a window almost all are finished: those are what is left of all when the others, of
-- whom there are few, are taken away. Counted one by one: grouping takes longer than counting.
WITH others AS (
  SELECT state, (
      SELECT count(*) FROM jobs
      WHERE status = state AND status <> 'finished' AND position >= :since_version AND position < :until_version
    ) AS jobs
  FROM unnest(CAST(:states AS text[])) AS words (state) WHERE state <> 'finished'
)
SELECT state, jobs FROM others
UNION ALL
SELECT 'finished', (SELECT count(*) FROM jobs WHERE position >= :since_version AND position < :until_version)
  - (SELECT sum(jobs) FROM others)
