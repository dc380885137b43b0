-- flags: allow-oom
-- Sets how many jobs of a key may run at once, whatever they say themselves, and lets waiting ones through.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  key
-- ARGV[4]  limit (0: none; '': as the jobs say)
-- Returns  how many jobs were let through; where no limit is left, call again while it is 200
local function key_limit(keys, argv)
  local root, key, value = keys[1], argv[3], argv[4]
  local before = control_of(root, 'keylimit:key:' .. key)
  limit_key(root, key, value)
  if not before or before.value ~= value then note_control(root, 'keylimit:key:' .. key, value, argv[1], argv[2]) end
  return unpark(root, 'key:' .. key, room_at(root, 'key:' .. key), 200)
end
