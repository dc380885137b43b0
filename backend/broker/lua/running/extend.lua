-- flags: allow-oom
-- Lengthens the leases that a worker holds, and tells it what it must know about them.
-- KEYS[1]  ROOT
-- ARGV[1]  lease (ms)
-- ARGV[2…] pairs: id, fence
-- Returns  one a pair: 1 extended, 0 lost (somebody else has the job, or it ended), 2 extended and asked
--          to cancel, 3 extended and asked to stop at once
-- It notes when, in the job's hash, which tells a judge that its worker had heard of the claim: a claim finds none there.
local function extend(keys, argv)
  local root, now, replies = keys[1], now_ms(), {}
  local stamp, expires = iso(now), now + tonumber(argv[1])
  for at = 2, #argv, 2 do
    local job = root .. ':job:' .. argv[at]
    local f = fields_of(job, 'status', 'fence', 'cancel')
    local reply = 0
    if f[1] == 'started' and f[2] == argv[at + 1] then
      redis.call('ZADD', root .. ':tally:leases', expires, argv[at])
      redis.call('HSET', job, 'last_heartbeat', stamp)
      reply = f[3] == 'force' and 3 or (f[3] and 2 or 1)
    end
    replies[#replies + 1] = reply
  end
  return replies
end
