-- flags: allow-oom
-- Sets how many jobs of a type may start in a time in the whole cluster, and lets waiting ones through.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  job type
-- ARGV[4]  'limit/seconds/burst' ('': no rate)
-- Returns  how many jobs were let through; where no rate is left, call again while it is 200
local function rate(keys, argv)
  local root, kind, value = keys[1], argv[3], argv[4]
  local before = control_of(root, 'rate:type:' .. kind)
  rate_type(root, kind, value)
  if not before or before.value ~= value or before.by ~= argv[1] then
    note_control(root, 'rate:type:' .. kind, value, argv[1], argv[2])
  end
  local gate = 'rate:' .. kind
  return unpark(root, gate, room_by_rate(root, gate), 200)
end
