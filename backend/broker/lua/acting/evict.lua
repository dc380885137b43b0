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
local function evict(keys, argv)
  local root, now, queue, line = keys[1], now_ms(), argv[1], argv[4]
  local parked, from = root .. ':tally:parked:' .. line, tonumber(argv[5])
  local ids, canceled = redis.call('LRANGE', parked, from, from + tonumber(argv[6]) - 1), 0
  for at, id in ipairs(ids) do
    local job = root .. ':job:' .. id
    local status, origin, behind = unpack(fields_of(job, 'status', 'origin', 'parked'))
    if status == 'queued' and origin == queue and behind == line then
      cancel_waiting(root, job, id, queue, now, argv[3], argv[2], 'canceled')
      leave_line_of(root, queue, line)
      redis.call('LSET', parked, from + at - 1, '')
      canceled = canceled + 1
    end
  end
  -- One walk for all of them; the list may be long.
  if canceled > 0 then redis.call('LREM', parked, canceled, '') end
  return {canceled, #ids - canceled}
end
