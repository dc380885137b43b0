-- flags: allow-oom
-- Enqueues the follow-ups of jobs that ended without theirs: a worker of an earlier release ended them, whose steps
-- know of none. Looks first at the jobs not looked at for longest.
-- KEYS[1]  ROOT
-- ARGV[1]  most jobs to look at in this call
-- Returns  how many had ended so
local ENDS = {finished = true, failed = true, canceled = true}

local function follow(keys, argv)
  local root, now, found = keys[1], now_ms(), 0
  local key = root .. ':tally:following'
  for _, id in ipairs(redis.call('ZRANGE', key, 0, tonumber(argv[1]) - 1)) do
    local job = root .. ':job:' .. id
    local status, left, expires_at = unpack(fields_of(job, 'status', 'follow', 'expires_at'))
    if not status or not left then redis.call('ZREM', key, id)
    elseif not ENDS[status] or (status == 'failed' and not string.find(left, 'on_failure', 1, true)) then
      redis.call('ZADD', key, now, id)
    else
      local is_expired = status == 'canceled' and expires_at and tonumber(expires_at) <= now
      ended(root, job, id, is_expired and 'expired' or status, nil, left, nil, now)
      found = found + 1
    end
  end
  return found
end
