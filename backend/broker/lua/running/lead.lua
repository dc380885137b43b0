-- flags: allow-oom
-- Takes, keeps or gives up the lead of a duty.
-- KEYS[1]  ROOT
-- ARGV[1]  duty
-- ARGV[2]  who asks
-- ARGV[3]  lease (ms; 0 gives it up)
-- Returns  the fence of the leadership, which only grows; 0 when another leads, or after giving up

-- Also in a Redis that lost its data, or went back to older data, processes that live on go by fences of before: the time
-- is higher than all of them. Where the clock was set back, what was handed out and what was seen are.
local function next_fence(key)
  local seen = tonumber(redis.call('GET', key .. ':seen') or '0') or 0
  local fence = math.max(redis.call('INCR', key .. ':fence'), seen + 1, now_ms())
  local text = string.format('%.0f', fence)
  redis.call('SET', key .. ':fence', text)
  return text
end

local function lead(keys, argv)
  local key = keys[1] .. ':tally:leader:' .. argv[1]
  local holder, fence = unpack(redis.call('HMGET', key, 'holder', 'fence'))
  if argv[3] == '0' then
    if holder == argv[2] then redis.call('DEL', key) end
    return 0
  end
  if holder and holder ~= argv[2] then return 0 end
  if not holder then
    fence = next_fence(key)
    redis.call('HSET', key, 'holder', argv[2], 'fence', fence)
  end
  redis.call('PEXPIRE', key, argv[3])
  return tonumber(fence)
end
