-- flags: allow-oom
-- Sets how many jobs of a type may run at once in the whole cluster, and lets waiting ones through. Those
-- that run already count: in this very step while no more than about 500 jobs run, so that none starts between.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3…] pairs: job type, limit (0: none); one pair, and what an earlier call left: more are let through, nothing is set
-- Returns  how many jobs were let through (where no limit is left, call again while it is 200 or more), where `muster` has to
--          go on among the leases ('0': all were looked at), and, of one pair, how much room is left to another call, if it is
local function set_limits(root, argv)
  local limited = {}
  for at = 3, #argv, 2 do
    local kind, most = argv[at], tonumber(argv[at + 1])
    local value, before = most > 0 and argv[at + 1] or '', control_of(root, 'limit:type:' .. kind)
    limit_type(root, kind, most)
    if not before or before.value ~= value then note_control(root, 'limit:type:' .. kind, value, argv[1], argv[2]) end
    if most > 0 then limited[#limited + 1] = kind end
  end
  if #limited > 0 then return muster({root}, {'0', '500', unpack(limited)}) end
  return '0'
end

local function limit(keys, argv)
  local root, through, owed, left, moved = keys[1], 0, #argv % 2 == 1 and tonumber(argv[#argv]) or nil, nil, nil
  local from = owed and '0' or set_limits(root, argv)
  for at = 3, #argv - 1, 2 do
    local gate = 'type:' .. argv[at]
    local room = room_at(root, gate)
    if room == math.huge then moved = unpark(root, gate, room, 200)
    else moved, left = choice.let_some(root, gate, room, owed) end
    through = through + moved
  end
  return {through, from, #argv < 6 and left or nil}
end
