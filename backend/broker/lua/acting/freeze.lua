-- flags: allow-oom
-- Says from when until when nothing of something may start, or lifts that again: it ends then at once, with its ramp.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  name of the freeze
-- ARGV[4]  what is said (JSON; '': it is lifted)
-- ARGV[5…] its windows, fours: what, from, until, ramp (ms)
-- Returns  1; 0 when there is none to lift
local function freeze(keys, argv)
  local root, name, value = keys[1], argv[3], argv[4]
  local before = control_of(root, 'freeze:' .. name)
  if value == '' and not (before and before.value ~= '') then return 0 end
  if not before or before.value ~= value or before.by ~= argv[1] then
    note_control(root, 'freeze:' .. name, value, argv[1], argv[2])
  end
  write_windows(root, name, argv, 5, now_ms())
  return 1
end
