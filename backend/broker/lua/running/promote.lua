-- flags: allow-oom
-- Moves jobs that are due from the schedule to the back of their queues, the longest due first. Those of
-- rq-scheduler go to queues of RQ; one that is meant for a queue of ours is set apart. Opens gates whose
-- alarms are due.
-- KEYS[1]  ROOT
-- ARGV[1]  most jobs to move in this call
-- ARGV[2]  fence of the caller's leadership (0: none); a lower one than seen before is refused
-- Returns  how many were moved (-1: a newer leader has been here), ms until the next is due, or the next alarm (-1: none),
--          and the lateness in ms of the latest of those moved
local function promote(keys, argv)
  local root, now = keys[1], now_ms()
  local fence, stamp = tonumber(argv[2]), iso(now)
  if fence > 0 then
    local seen = tonumber(redis.call('GET', root .. ':tally:leader:scheduler:seen') or '0')
    if fence < seen then return {-1, -1, 0} end
    if fence > seen then redis.call('SET', root .. ':tally:leader:scheduler:seen', argv[2]) end
  end
  local due = redis.call('ZRANGEBYSCORE', root .. ':scheduler:scheduled_jobs', '-inf',
    string.format('%.3f', now / 1000), 'WITHSCORES', 'LIMIT', 0, tonumber(argv[1]))
  local rung, late, moved = {}, 0, 0
  for at = 1, #due, 2 do
    local id = due[at]
    local job = root .. ':job:' .. id
    local status, queue, attempt, options, most =
      unpack(fields_of(job, 'status', 'origin', 'attempt', 'options', 'max_attempts'))
    local is_ours = attempt or options or most or not is_foreign(fields_of(job, 'data')[1])
    unschedule(root, id, queue or '')
    if status and not is_ours and OUR_PRIORITIES[priority_of(queue or '')] then
      set_apart(root, id, now)
    elseif status == 'scheduled' then
      redis.call('HSET', job, 'status', 'queued', 'enqueued_at', stamp)
      if not line_up(root, id, queue) then redis.call('RPUSH', root .. ':queue:' .. queue, id) end
      if is_ours then event(root, 'promoted', id, queue) end
      rung[lane_of(queue)] = (rung[lane_of(queue)] or 0) + 1
      late = math.max(late, now - tonumber(due[at + 1]) * 1000)
      moved = moved + 1
    else
      drop(root, id, queue, status)
    end
  end
  for lane, jobs in pairs(rung) do ring(root, lane, jobs) end
  local head = redis.call('ZRANGE', root .. ':scheduler:scheduled_jobs', 0, 0, 'WITHSCORES')
  local wait = head[2] and math.max(0, math.ceil(tonumber(head[2]) * 1000 - now)) or -1
  local _, next_alarm = chime(root)
  if next_alarm and (wait < 0 or next_alarm < wait) then wait = next_alarm end
  return {moved, wait, math.floor(late)}
end
