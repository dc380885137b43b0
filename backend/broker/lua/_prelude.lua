-- Shared by every step; the loader puts it in front of them. KEYS[1] of each function is ROOT, the
-- deployment's key prefix: every key starts with it, so that braces in it keep all in one hash slot.
-- Times are milliseconds of the server's clock unless a name says otherwise.

local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- RQ writes instants as ISO 8601 in UTC. Civil date from day number: Howard Hinnant's algorithm.
local function iso(ms)
  local secs = math.floor(ms / 1000)
  local days = math.floor(secs / 86400)
  local rest = secs - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03d000Z', year, month,
    doy - math.floor((153 * mp + 2) / 5) + 1, math.floor(rest / 3600), math.floor(rest / 60) % 60,
    rest % 60, ms % 1000)
end

local function ring(root, lane, jobs)
  -- One token a job, up to 64: enough to wake every idle process, too few to fill memory.
  local key = root .. ':tally:wake:' .. lane
  local room = 64 - redis.call('LLEN', key)
  for _ = 1, math.min(room, jobs) do redis.call('RPUSH', key, '1') end
end

local function lane_of(queue)
  local colon = string.find(queue, ':', 1, true)
  return colon and string.sub(queue, colon + 1) or 'default'
end

local function count(root, queue, what, by)
  redis.call('HINCRBY', root .. ':tally:counts:' .. queue, what, by)
end

local function event(root, ...)
  return redis.call('XADD', root .. ':tally:events', '*', ...)
end

-- Into both places where a waiting job is looked for: rq-scheduler's set and RQ's registry.
local function schedule(root, id, queue, due)
  local key = root .. ':scheduler:scheduled_jobs'
  redis.call('ZADD', key, string.format('%.3f', due / 1000), id)
  redis.call('ZADD', root .. ':scheduled:' .. queue, math.floor(due / 1000), id)
  if redis.call('ZRANGE', key, 0, 0)[1] == id then ring(root, 'scheduler', 1) end
end

local function unschedule(root, id, queue)
  redis.call('ZREM', root .. ':scheduled:' .. queue, id)
  return redis.call('ZREM', root .. ':scheduler:scheduled_jobs', id)
end

local function to_queue(root, id, queue, front)
  redis.call(front and 'LPUSH' or 'RPUSH', root .. ':queue:' .. queue, id)
  ring(root, lane_of(queue), 1)
end

-- A job that may not start now waits aside, behind the gate that stopped it, so that the head of
-- its queue stays free and no claim looks at it again before the gate opens.
local function park(root, job, id, queue, gate)
  redis.call('RPUSH', root .. ':tally:parked:' .. gate, id)
  redis.call('HSET', job, 'parked', gate)
  count(root, queue, 'parked', 1)
end

local function unpark(root, gate, most)
  local moved = 0
  while moved < most do
    local id = redis.call('LPOP', root .. ':tally:parked:' .. gate)
    if not id then break end
    local job = root .. ':job:' .. id
    local queue, status = unpack(redis.call('HMGET', job, 'origin', 'status'))
    if status == 'queued' then
      redis.call('HDEL', job, 'parked')
      count(root, queue, 'parked', -1)
      to_queue(root, id, queue, true)
      moved = moved + 1
    end
  end
  return moved
end

-- Gives back the concurrency slots a job held and lets the next one behind each gate through.
local function leave_gates(root, job, id, gates)
  if not gates or gates == '' then return end
  for gate in string.gmatch(gates, '[^\n]+') do
    redis.call('SREM', root .. ':tally:holders:' .. gate, id)
    unpark(root, gate, 1)
  end
  redis.call('HDEL', job, 'gates')
end

-- Ends a lease: out of our leases, out of RQ's started registry.
local function unlease(root, id, queue, fence)
  redis.call('ZREM', root .. ':tally:leases', id)
  redis.call('ZREM', root .. ':wip:' .. queue, id .. ':' .. fence)
end

-- Everybody who waits for this job gets one token on a list of the job's own.
local function tell_waiters(root, id, waiters)
  if not waiters then return end
  local key = root .. ':tally:done:' .. id
  for _ = 1, tonumber(waiters) do redis.call('RPUSH', key, '1') end
  redis.call('EXPIRE', key, 60)
end

-- Into the dead-letter queue: RQ lists it under `dlq`, we know since when.
local function bury(root, job, id, queue, now)
  redis.call('HSET', job, 'status', 'failed', 'ended_at', iso(now))
  redis.call('ZADD', root .. ':failed:dlq', '+inf', id)
  redis.call('ZADD', root .. ':tally:dead', now, id)
  redis.call('SADD', root .. ':queues', root .. ':queue:dlq')
  count(root, queue, 'failed', 1)
end

-- Leaves a final job readable for `ttl` seconds (0: gone at once) under one of RQ's registries.
local function keep(root, job, id, queue, registry, ttl, now)
  if ttl <= 0 then
    redis.call('DEL', job, root .. ':results:' .. id)
    return
  end
  redis.call('EXPIRE', job, ttl)
  redis.call('ZADD', root .. ':' .. registry .. ':' .. queue, math.floor(now / 1000) + ttl, id)
end

local function cancel_waiting(root, job, id, queue, now, reason, by)
  redis.call('HSET', job, 'status', 'canceled', 'ended_at', iso(now))
  redis.call('PERSIST', job)
  count(root, queue, 'canceled', 1)
  tell_waiters(root, id, redis.call('HGET', job, 'waiters'))
  keep(root, job, id, queue, 'canceled', 3600, now)
  event(root, 'k', 'canceled', 'j', id, 'q', queue, 'b', reason, 'w', by)
end
