-- flags: allow-oom
-- Sets how many jobs of a type may run at once in the whole cluster, and lets waiting ones through. Those
-- that run already count: in this very step while no more than about 500 jobs run, so that none starts between.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3…] pairs: job type, limit (0: none)
-- Returns  how many jobs were let through (where no limit is left, call again while it is 200 or more), and
--          where `muster` has to go on among the leases ('0': all were looked at)
local function limit(keys, argv)
  local root, limited, through, from = keys[1], {}, 0, '0'
  for at = 3, #argv, 2 do
    local kind, most = argv[at], tonumber(argv[at + 1])
    local value, before = most > 0 and argv[at + 1] or '', control_of(root, 'limit:type:' .. kind)
    limit_type(root, kind, most)
    if not before or before.value ~= value then note_control(root, 'limit:type:' .. kind, value, argv[1], argv[2]) end
    if most > 0 then limited[#limited + 1] = kind end
  end
  if #limited > 0 then from = muster(keys, {'0', '500', unpack(limited)}) end
  for at = 3, #argv, 2 do
    local gate = 'type:' .. argv[at]
    local room = room_at(root, gate)
    through = through + unpark(root, gate, room, tonumber(argv[at + 1]) > 0 and room or 200)
  end
  return {through, from}
end
