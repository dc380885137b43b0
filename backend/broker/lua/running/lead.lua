-- flags: allow-oom
-- Takes, keeps or gives up the lead of a duty.
-- KEYS[1]  ROOT
-- ARGV[1]  duty
-- ARGV[2]  who asks
-- ARGV[3]  lease (ms; 0 gives it up)
-- Returns  the fence of the leadership, which only grows; 0 when another leads, or after giving up
local function lead(keys, argv)
  local key = keys[1] .. ':tally:leader:' .. argv[1]
  local holder, fence = unpack(redis.call('HMGET', key, 'holder', 'fence'))
  if argv[3] == '0' then
    if holder == argv[2] then redis.call('DEL', key) end
    return 0
  end
  if holder and holder ~= argv[2] then return 0 end
  if not holder then
    fence = redis.call('INCR', key .. ':fence')
    redis.call('HSET', key, 'holder', argv[2], 'fence', fence)
  end
  redis.call('PEXPIRE', key, argv[3])
  return tonumber(fence)
end
