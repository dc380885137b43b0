-- flags: allow-oom
-- The books of one queue, read at one moment; writes off a difference that is still as it was seen.
-- KEYS[1]  ROOT
-- ARGV[1]  queue
-- ARGV[2]  difference to write off ('': only look)
-- Returns  accepted, queued (parked ones included), parked, scheduled, started, deferred, finished, failed,
--          canceled; after writing off when there was something to
local function balance(keys, argv)
  local root, queue = keys[1], argv[1]
  local counts = root .. ':tally:counts:' .. queue
  local n = redis.call('HMGET', counts, 'accepted', 'parked', 'finished', 'failed', 'canceled')
  for i = 1, 5 do n[i] = tonumber(n[i] or '0') end
  local queued = redis.call('LLEN', root .. ':queue:' .. queue) + n[2]
  local scheduled = redis.call('ZCARD', root .. ':scheduled:' .. queue)
  local started = redis.call('ZCARD', root .. ':wip:' .. queue)
  local deferred = redis.call('ZCARD', root .. ':deferred:' .. queue)
  local difference = n[1] - (queued + scheduled + started + deferred + n[3] + n[4] + n[5])
  if argv[2] ~= '' and difference ~= 0 and difference == tonumber(argv[2]) then
    n[1] = redis.call('HINCRBY', counts, 'accepted', -difference)
  end
  return {n[1], queued, n[2], scheduled, started, deferred, n[3], n[4], n[5]}
end
