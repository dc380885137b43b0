-- flags: allow-oom
-- Cancels the jobs of a queue that wait behind a gate, from the first: the part of purging a queue that
-- its own list does not know.
-- KEYS[1]  ROOT
-- ARGV[1]  queue
-- ARGV[2]  who asks
-- ARGV[3]  reason
-- ARGV[4]  the line behind a gate
-- ARGV[5]  how many of the line to leave out: those of other queues that were looked at before
-- ARGV[6]  most jobs to look at in this call
-- Returns  how many were canceled, how many stay; call again until both are 0
local function evict_all(root, seen, now, by, reason)
  for at, id in ipairs(seen.ids) do
    local job = root .. ':job:' .. id
    local status, origin, behind = unpack(fields_of(job, 'status', 'origin', 'parked'))
    if status == 'queued' and origin == seen.queue and behind == seen.line then
      cancel_waiting(root, job, id, seen.queue, now, reason, by, 'canceled')
      leave_line_of(root, seen.queue, seen.line)
      redis.call('LSET', seen.key, seen.from + at - 1, '')
      seen.canceled = seen.canceled + 1
    end
  end
end

local function evict(keys, argv)
  local root, key, from = keys[1], keys[1] .. ':tally:parked:' .. argv[4], tonumber(argv[5])
  local ids = redis.call('LRANGE', key, from, from + tonumber(argv[6]) - 1)
  local seen = {ids = ids, queue = argv[1], line = argv[4], key = key, from = from, canceled = 0}
  local ok, fault = pcall(evict_all, root, seen, now_ms(), argv[2], argv[3])
  -- One walk for all of them, whatever broke; the list may be long.
  if seen.canceled > 0 then redis.call('LREM', key, seen.canceled, '') end
  if not ok then error(fault, 0) end
  return {seen.canceled, #ids - seen.canceled}
end
