-- flags: allow-oom
-- Sets how many jobs of a type may run at once in the whole cluster, and lets waiting ones through.
-- KEYS[1]  ROOT
-- ARGV     pairs: job type, limit (0: none)
-- Returns  how many jobs were let through; where no limit is left, call again while it is 200 or more
local function limit(keys, argv)
  local root, through = keys[1], 0
  for at = 1, #argv, 2 do
    local most, gate = tonumber(argv[at + 1]), 'type:' .. argv[at]
    if most > 0 then redis.call('HSET', root .. ':tally:limits', argv[at], most)
    else redis.call('HDEL', root .. ':tally:limits', argv[at]) end
    local room = room_at(root, gate)
    through = through + unpark(root, gate, room, most > 0 and room or 200)
  end
  return through
end
