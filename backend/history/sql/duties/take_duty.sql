-- No lease is so long that it ends an hour after one that begins now: the clock was ahead when it was taken.
-- Whoever holds it renews it under the same fence; whoever finds it ended begins a leadership. No row: another holds it.
INSERT INTO duty_leases AS d (duty, holder, fence, ends_at)
VALUES (:duty, :holder, extract(epoch FROM clock_timestamp()) * 1000,
  clock_timestamp() + make_interval(secs => :lease))
ON CONFLICT (duty) DO UPDATE SET
  holder = excluded.holder, ends_at = excluded.ends_at,
  fence = CASE WHEN d.holder = excluded.holder AND d.ends_at > clock_timestamp() THEN d.fence
    ELSE greatest(d.fence + 1, excluded.fence) END
WHERE d.holder = excluded.holder OR d.ends_at <= clock_timestamp()
  OR d.ends_at > excluded.ends_at + interval '1 hour'
RETURNING fence
