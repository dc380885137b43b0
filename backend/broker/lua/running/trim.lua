-- flags: allow-oom
-- Drops from the event stream what every reader is done with, and keeps account of how many events it holds.
-- KEYS[1]  ROOT
-- ARGV[1]  id of the first entry that a reader may still need
-- Returns  how many entries were dropped
-- The first line that stays says how many events went before it, so the account is right again after each call,
-- whoever else took entries out. An entry of the last release does not tell; those before it then count a while longer.
local function more_gone(first)
  if not first then return more end
  return first[2][1] == '2' and string.match(first[2][2], '^%d+') or nil
end

local function account(root)
  history(root)
  local found = more_gone(redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1])
  if found and found ~= gone then redis.call('HSET', books, 'gone', found) end
end

local function trim(keys, argv)
  local dropped = redis.call('XTRIM', keys[1] .. ':tally:events', 'MINID', '=', argv[1])
  account(keys[1])
  return dropped
end
