-- flags: allow-oom
-- Sets how many jobs of a type may run at once in the whole cluster, and lets waiting ones through. Those
-- that run already count: in this very step while no more than about 500 jobs run, so that none starts between.
-- KEYS[1]  ROOT
-- ARGV     pairs: job type, limit (0: none)
-- Returns  how many jobs were let through (where no limit is left, call again while it is 200 or more), and
--          where `muster` has to go on among the leases ('0': all were looked at)
local function limit(keys, argv)
  local root, limited, through, from = keys[1], {}, 0, '0'
  for at = 1, #argv, 2 do
    if tonumber(argv[at + 1]) > 0 then
      redis.call('HSET', root .. ':tally:limits', argv[at], argv[at + 1])
      limited[#limited + 1] = argv[at]
    else redis.call('HDEL', root .. ':tally:limits', argv[at]) end
  end
  if #limited > 0 then from = muster(keys, {'0', '500', unpack(limited)}) end
  for at = 1, #argv, 2 do
    local gate = 'type:' .. argv[at]
    local room = room_at(root, gate)
    through = through + unpark(root, gate, room, tonumber(argv[at + 1]) > 0 and room or 200)
  end
  return {through, from}
end
