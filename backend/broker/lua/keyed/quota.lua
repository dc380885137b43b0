-- flags: allow-oom
-- Says how many jobs of a tenant may wait, run and start, or that it has no quota any more; lets waiting ones through. Those
-- that run already count: in this very step while no more than about 500 jobs run, so that none starts between.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  tenant
-- ARGV[4]  the quota (JSON: waiting, running, starts; '': none)
-- ARGV[5]  what an earlier call left (may be missing): more are let through, nothing is said
-- Returns  how many jobs were let through that waited to run, and to start (where that is not limited any more, call again
--          while it is 200), whether jobs from before the quota are to be counted: call `count_in` then; and how much room to
--          run is left to another call, if it is
local function count_running(root, tenant)
  local page = redis.call('ZSCAN', root .. ':tally:leases', '0', 'COUNT', 500)
  for at = 1, #page[2], 2 do enrol(root, page[2][at], '', function(of) return of == tenant end) end
end

local function say(root, argv, tenant, value)
  local name = 'quota:tenant:' .. tenant
  local before = control_of(root, name)
  say_quota(root, tenant, value)
  if not before or before.value ~= value or before.by ~= argv[1] then note_control(root, name, value, argv[1], argv[2]) end
end

local function quota(keys, argv)
  local root, tenant, gate, owed = keys[1], argv[3], 'tenant:' .. argv[3], tonumber(argv[5])
  if not owed then say(root, argv, tenant, argv[4]) end
  local from, starts = redis.call('HGET', root .. ':tally:uncounted', tenant), 'rate:@' .. tenant
  if from == '0' then count_running(root, tenant) end
  local room, through, left = room_at(root, gate), nil, nil
  if room == math.huge then through = unpark(root, gate, room, 200)
  else through, left = choice.let_some(root, gate, room, owed) end
  return {through, unpark(root, starts, room_at(root, starts), 200), from and 1 or 0, left}
end
