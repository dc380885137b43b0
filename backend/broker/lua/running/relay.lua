-- Takes jobs from the relay of the outbox, as `enqueue` does; refuses a relay that was superseded.
-- KEYS[1]  ROOT
-- ARGV[1]  fence of the relay's leadership; a lower one than seen before is refused
-- ARGV[2…] the arguments of `enqueue`; without jobs only the fence is noted
-- Returns  what `enqueue` returns, or nil when a newer relay has been here (nothing written)
-- Refused as a whole by Redis when memory is full, as `enqueue` is.
local function relay(keys, argv)
  local key, fence = keys[1] .. ':tally:leader:relay:seen', tonumber(argv[1])
  local seen = tonumber(redis.call('GET', key) or '0')
  if fence < seen then return nil end
  if fence > seen then redis.call('SET', key, argv[1]) end
  return enqueue(keys, {unpack(argv, 2)})
end
