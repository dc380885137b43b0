-- The attempts of an hour are read by their end, each hour apart: joined to all hours at once, every failure of the months
-- on record was read for the two hours in which a window begins and ends.

-- As in 043, but for the attempts.
CREATE OR REPLACE FUNCTION failures_between(from_instant timestamptz, to_instant timestamptz, of_queue text)
RETURNS TABLE (job_type text, error_kind text, attempts bigint, failed bigint, last_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH days AS MATERIALIZED (
    SELECT d.since, d.failures FROM job_statistics d
    WHERE d.grain = 'day' AND d.queue = '' AND d.job_type = '' AND d.failures IS NOT NULL
      AND d.since >= from_instant AND d.since + interval '1 day' <= to_instant
      AND NOT EXISTS (SELECT FROM stale_hours m
        WHERE m.hour >= d.since AND m.hour < d.since + interval '1 day')
  ), hours AS MATERIALIZED (
    SELECT h.since, h.failures FROM job_statistics h
    WHERE h.grain = 'hour' AND h.queue = '' AND h.job_type = ''
      AND h.since >= from_instant AND h.since + interval '1 hour' <= to_instant
      AND date_trunc('day', h.since, 'UTC') NOT IN (SELECT since FROM days)
      AND NOT EXISTS (SELECT FROM stale_hours m WHERE m.hour = h.since)
  ), uncounted AS MATERIALIZED (
    SELECT since, since + interval '1 hour' AS until FROM hours WHERE failures IS NULL
    UNION ALL
    SELECT DISTINCT hour, hour + interval '1 hour' FROM stale_hours
    WHERE hour >= from_instant AND hour + interval '1 hour' <= to_instant
    UNION ALL
    SELECT from_instant, least(to_instant, date_trunc('hour', from_instant, 'UTC') + interval '1 hour')
    WHERE from_instant > date_trunc('hour', from_instant, 'UTC')
    UNION ALL
    SELECT date_trunc('hour', to_instant, 'UTC'), to_instant
    WHERE to_instant > date_trunc('hour', to_instant, 'UTC') AND date_trunc('hour', to_instant, 'UTC') >= from_instant
  )
  SELECT f.job_type, f.error_kind, f.attempts, f.failed, f.last_at
  FROM (SELECT failures FROM days UNION ALL SELECT failures FROM hours) counted, unnest(counted.failures) f
  WHERE of_queue = '' OR f.queue = of_queue
  UNION ALL
  SELECT each.* FROM uncounted u CROSS JOIN LATERAL (
    SELECT r.job_type, r.error_kind, count(*), count(*) FILTER (WHERE r.status = 'failed'), max(r.ended_at)
    FROM job_results r
    WHERE r.ended_at >= u.since AND r.ended_at < u.until
      AND r.error_kind IS NOT NULL AND r.status IN ('retried', 'failed', 'crashed', 'suspected')
      AND (of_queue = '' OR r.queue = of_queue)
    GROUP BY r.job_type, r.error_kind) each
$$;
