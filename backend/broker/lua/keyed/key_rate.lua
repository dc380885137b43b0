-- flags: allow-oom
-- Sets how many jobs of a key may start in a time, whatever they say themselves, and lets waiting ones through.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  key
-- ARGV[4]  'limit/seconds/burst' ('none': no rate; '': as the jobs say)
-- Returns  how many jobs were let through; where no rate is left, call again while it is 200
local function key_rate(keys, argv)
  local root, key, value = keys[1], argv[3], argv[4]
  local before, gate = control_of(root, 'keyrate:key:' .. key), 'rate:' .. key
  rate_key(root, key, value)
  if not before or before.value ~= value then note_control(root, 'keyrate:key:' .. key, value, argv[1], argv[2]) end
  return unpark(root, gate, room_by_rate(root, gate), 200)
end
