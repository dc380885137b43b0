-- flags: allow-oom
-- Opens the breaker of a destination until somebody closes it, or closes it: who waits then comes back, not all at once.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  destination
-- ARGV[4]  'open' or 'closed'
-- Returns  1 done, 0 it was so before
local function breaker(keys, argv)
  local root, destination, word, now = keys[1], argv[3], argv[4], now_ms()
  local name, done = 'breaker:' .. destination, nil
  if word == 'open' then done = open_by_hand(root, destination, argv[1], argv[2], now)
  else done = close_by_hand(root, destination, now) end
  local before, value = control_of(root, name), word == 'open' and word or ''
  -- One that opened by itself is no word of anybody's; that a person closed it is nothing to keep either.
  if done == 1 and (value ~= '' or before) then note_control(root, name, value, argv[1], argv[2]) end
  return done
end
