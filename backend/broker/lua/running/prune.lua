-- flags: allow-oom
-- Drops from RQ's registries what has outlived its time, and dead jobs over the limits of the DLQ.
-- KEYS[1]  ROOT
-- ARGV[1]  most dead jobs to keep (0: no limit)
-- ARGV[2]  age in ms after which a dead job is dropped (0: never)
-- ARGV[3]  most dead jobs to drop in this call
-- ARGV[4…] queues
-- Returns  registry entries dropped, dead jobs dropped
local function prune(keys, argv)
  local root, now, entries = keys[1], now_ms(), 0
  local seconds = math.floor(now / 1000)
  for at = 4, #argv do
    for _, registry in ipairs({'finished', 'canceled'}) do
      entries = entries + redis.call('ZREMRANGEBYSCORE', root .. ':' .. registry .. ':' .. argv[at], '-inf', seconds)
    end
  end
  local most, age, batch = tonumber(argv[1]), tonumber(argv[2]), tonumber(argv[3])
  local over = most > 0 and math.max(0, redis.call('ZCARD', root .. ':tally:dead') - most) or 0
  local ids = {}
  if over > 0 then ids = redis.call('ZRANGE', root .. ':tally:dead', 0, math.min(over, batch) - 1)
  elseif age > 0 then
    ids = redis.call('ZRANGEBYSCORE', root .. ':tally:dead', '-inf', now - age, 'LIMIT', 0, batch)
  end
  if #ids > 0 then discard({root}, {'tally', 'over the limits of the dead-letter queue', 'discarded', unpack(ids)}) end
  return {entries, #ids}
end
