-- flags: allow-oom
-- Sets how many jobs of a type may run at once in the whole cluster, and lets waiting ones through.
-- KEYS[1]  ROOT
-- ARGV     pairs: job type, limit (0: none)
-- Returns  how many jobs were let through
local function limit(keys, argv)
  local root, through = keys[1], 0
  for at = 1, #argv, 2 do
    local most, gate = tonumber(argv[at + 1]), 'type:' .. argv[at]
    if most > 0 then redis.call('HSET', root .. ':tally:limits', argv[at], most)
    else redis.call('HDEL', root .. ':tally:limits', argv[at]) end
    local room = most > 0 and most - redis.call('SCARD', root .. ':tally:holders:' .. gate) or 200
    if room > 0 then through = through + unpark(root, gate, room) end
  end
  return through
end
