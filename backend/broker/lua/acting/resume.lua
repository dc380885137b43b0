-- flags: allow-oom
-- Lets workers claim again and wakes them; jobs of a resumed type go back to the front of their queues.
-- KEYS[1]  ROOT
-- ARGV[1]  what: 'queue:<name>', 'lane:<name>' or 'type:<name>'
-- ARGV[2]  who asks
-- ARGV[3]  reason
-- ARGV[4]  most jobs to bring back in this call
-- ARGV[5…] lanes to wake
-- Returns  1 resumed (0 was not paused), and how many jobs were brought back; call again while it is full
local function resume(keys, argv)
  local root, what = keys[1], argv[1]
  local kind, name = string.match(what, '^(%a+):(.*)$')
  local resumed, back = mark_resumed(root, what), 0
  if resumed == 1 then note_control(root, 'pause:' .. what, '', argv[2], argv[3]) end
  if kind == 'type' then back = unpark(root, 'paused:' .. name, math.huge, tonumber(argv[4])) end
  for at = 5, #argv do ring(root, argv[at], 64) end
  return {resumed, back}
end
