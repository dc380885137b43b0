-- flags: allow-oom
-- Sets how many jobs of a key may run at once, whatever they say themselves, and lets waiting ones through.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  key
-- ARGV[4]  limit (0: none; '': as the jobs say)
-- ARGV[5]  what an earlier call left (may be missing): more are let through, nothing is set
-- Returns  how many jobs were let through; or that, and how much room is left to another call ('inf': no limit)
local function key_limit(keys, argv)
  local root, key, value = keys[1], argv[3], argv[4]
  local before = control_of(root, 'keylimit:key:' .. key)
  local owed, gate = tonumber(argv[5]), 'key:' .. key
  if not owed then limit_key(root, key, value) end
  local is_said = owed or before and before.value == value
  if not is_said then note_control(root, 'keylimit:key:' .. key, value, argv[1], argv[2]) end
  local room, moved, left = room_at(root, gate), nil, nil
  if room == math.huge then
    moved = unpark(root, gate, room, 200)
    left = moved == 200 and 'inf'
  else moved, left = choice.let_some(root, gate, room, owed) end
  return left and {moved, left} or moved
end
