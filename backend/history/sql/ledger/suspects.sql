-- Everything that is not plainly well, and whether it is so because of a list. Most of it has only moved
-- while it was counted; who asks looks again. So for whom the record has another payload, a request to stop, a time
-- that is not the schedule's or a later attempt ('attempt:<n>' is how far it came): what Redis knows the second look tells.
WITH listed AS (
  SELECT job_id, count(*) AS times, min(place) AS place FROM counted_entries
  WHERE place LIKE 'queue:%' OR place LIKE 'parked:%' GROUP BY job_id
), suspects AS (
  SELECT c.job_id,
    coalesce(l.times, 0) <> CASE WHEN c.status = 'queued' THEN 1 ELSE 0 END OR coalesce(l.place <> c.home, false) AS by_list,
    NOT c.is_sound OR j.id IS NULL OR j.position <= 0 OR j.status <> c.status OR j.queue <> c.queue
      OR j.discarded_version > 0 OR (j.status IN ('scheduled', 'queued', 'failed') AND j.payload_version > 0)
      OR (j.status IN ('scheduled', 'queued', 'started', 'failed')
        AND is_since(j.fence, j.position) AND j.attempt > coalesce(CAST(substr(t.place, 9) AS integer), 0)) AS by_fact
  FROM counted_jobs c LEFT JOIN listed l ON l.job_id = c.job_id LEFT JOIN jobs j ON j.id = c.job_id
  LEFT JOIN counted_entries t ON t.job_id = c.job_id AND t.place LIKE 'attempt:%'
  UNION ALL
  SELECT e.job_id, true, true FROM counted_entries e JOIN counted_jobs c ON c.job_id = e.job_id
  WHERE e.place LIKE 'holders:%' AND c.status <> 'started'
  UNION ALL
  SELECT e.job_id, false, true FROM counted_entries e JOIN jobs j ON j.id = e.job_id
  WHERE e.place LIKE 'schedule:%' AND j.status = 'scheduled'
    AND abs(extract(epoch FROM j.run_at) * 1000 - CAST(substr(e.place, 10) AS double precision)) >= 1000
  UNION ALL
  SELECT j.id, false, true FROM counted_jobs c JOIN jobs j ON j.id = c.job_id
  CROSS JOIN LATERAL (
    SELECT FROM job_events a WHERE a.job_id = j.id AND a.kind = 'cancel_asked' AND a.version > j.fence LIMIT 1
  ) asked
  WHERE c.status = 'started' AND j.status = 'started'
  UNION ALL
  SELECT e.job_id, true, true FROM counted_entries e
  WHERE NOT EXISTS (SELECT FROM counted_jobs c WHERE c.job_id = e.job_id)
  UNION ALL
  SELECT j.id, false, true FROM jobs j
  WHERE j.status IN ('scheduled', 'deferred', 'queued', 'started')
    AND NOT EXISTS (SELECT FROM counted_jobs c WHERE c.job_id = j.id)
  UNION ALL
  SELECT j.id, false, true FROM jobs j
  WHERE j.status = 'failed' AND j.discarded_version = 0
    AND NOT EXISTS (SELECT FROM counted_jobs c WHERE c.job_id = j.id)
  UNION ALL
  SELECT o.job_id, false, true FROM job_outbox o
  WHERE o.accepted_as = o.job_id
    AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = o.job_id AND is_later(j.position, o.sent_after))
    AND NOT EXISTS (SELECT FROM counted_jobs c WHERE c.job_id = o.job_id)
)
SELECT job_id, bool_or(by_list) FROM suspects WHERE by_list OR by_fact GROUP BY job_id
