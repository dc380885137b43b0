-- flags: allow-oom
-- Lets workers claim again and wakes them; jobs of a resumed type go back to the front of their queues.
-- KEYS[1]  ROOT
-- ARGV[1]  what: 'queue:<name>', 'lane:<name>' or 'type:<name>'
-- ARGV[2]  most jobs to bring back in this call
-- ARGV[3…] lanes to wake
-- Returns  1 resumed (0 was not paused), and how many jobs were brought back; call again while it is full
local function resume(keys, argv)
  local root = keys[1]
  local kind, name = string.match(argv[1], '^(%a+):(.*)$')
  local resumed, back = redis.call('SREM', root .. ':tally:paused', argv[1]), 0
  redis.call('HDEL', root .. ':tally:pauses', argv[1])
  if kind == 'type' then back = unpark(root, 'paused:' .. name, math.huge, tonumber(argv[2])) end
  for at = 3, #argv do ring(root, argv[at], 64) end
  return {resumed, back}
end
