-- Rates: how many jobs of a type may start in a time, in the whole deployment. Shared by every step; behind `_gates`.
-- By the generic cell rate algorithm: one number a gate tells up to which instant (µs) starts are spoken for. With `every`
-- between two starts and a burst at once, no window of the rate's time has more starts than its limit. A start is counted when
-- a worker takes the job, not when it is let through: those who are on the way while all workers are busy would start together.
-- A rule is 'limit/seconds/burst'; a gate 'rate:<job type>'. `alarms` has the gates by when (ms) the next may start.
local MOST_ON_THE_WAY, LEAST_PAUSE = 100, 10000

local function now_us()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

local function rule_in(text)
  local limit, seconds, burst = string.match(text or '', '^(%d+)/([^/]+)/(%d+)$')
  if not limit then return nil end
  return {burst = tonumber(burst), every = math.ceil(tonumber(seconds) * 1000000 / (limit - burst + 1))}
end

local function speak_for(root, gate, ends, now)
  redis.call('SET', root .. ':tally:tat:' .. gate, string.format('%.0f', ends), 'PX', math.ceil((ends - now) / 1000) + 1)
end

-- How long (µs) until the next may start, how many may start now, and up to when starts are spoken for. That is no more
-- than a full burst from now: else a clock that was set back, or another rule, would shut the gate for as long.
local function tokens(root, gate, rule, now)
  local span = rule.burst * rule.every
  local spoken = math.max(tonumber(redis.call('GET', root .. ':tally:tat:' .. gate) or '0'), now)
  if spoken > now + span then
    spoken = now + span
    speak_for(root, gate, spoken, now)
  end
  return math.max(0, spoken + rule.every - span - now), math.floor((now + span - spoken) / rule.every), spoken
end

-- Never later than it is set already: who comes and is put aside would put it off for all who wait, and while jobs come in
-- one after another nobody would start. One that rings too soon is set again.
local function arm(root, gate, at)
  local alarms = root .. ':tally:alarms'
  redis.call('ZADD', alarms, 'LT', at, gate)
  if redis.call('ZRANGE', alarms, 0, 0)[1] == gate then ring(root, 'scheduler', 1) end
end

-- For when the next may start; where several may start at once, they are let through together.
local function arm_next(root, gate, rule, now)
  local early = math.max(tokens(root, gate, rule, now), math.min(LEAST_PAUSE, (rule.burst - 1) * rule.every))
  arm(root, gate, early > 0 and math.ceil((now + early) / 1000) or math.floor(now / 1000))
end

local function take_token(root, gate, rule, id)
  local now = now_us()
  local _, _, spoken = tokens(root, gate, rule, now)
  speak_for(root, gate, spoken + rule.every, now)
  redis.call('SREM', root .. ':tally:passed:' .. gate, id)
  if redis.call('EXISTS', line_keys(root, gate)) > 0 then arm_next(root, gate, rule, now) end
end

-- Whether a job has to wait behind it. Who has not waited yet goes behind those who do.
local function is_shut_by_rate(root, job, gate, rule)
  local now = now_us()
  local early = tokens(root, gate, rule, now)
  if early == 0 and (passed_gate(job) or redis.call('EXISTS', line_keys(root, gate)) == 0) then return false end
  arm_next(root, gate, rule, now)
  return true
end

local function is_coming(root, id, frozen)
  local status, queue, parked = unpack(fields_of(root .. ':job:' .. id, 'status', 'origin', 'parked'))
  return status == 'queued' and not parked
    and redis.call('SISMEMBER', root .. ':tally:paused', 'queue:' .. queue) == 0
    and redis.call('SISMEMBER', root .. ':tally:paused', 'lane:' .. lane_of(queue)) == 0
    and not frozen['queue:' .. queue] and not frozen['lane:' .. lane_of(queue)]
end

-- How many were let through and did not start yet. Those who never will, or not soon, count no more.
local function on_the_way(root, gate)
  local key = root .. ':tally:passed:' .. gate
  if redis.call('SCARD', key) <= MOST_ON_THE_WAY then
    local frozen = frozen_at(root, now_ms())
    for _, id in ipairs(redis.call('SMEMBERS', key)) do
      if not is_coming(root, id, frozen) then redis.call('SREM', key, id) end
    end
  end
  return redis.call('SCARD', key)
end

-- How many may be let through now. None: the alarm rings when one may.
local function room_by_rate(root, gate)
  local rule = rule_in(redis.call('HGET', root .. ':tally:rates', string.sub(gate, 6)))
  if not rule then return math.huge end
  local now = now_us()
  local _, room = tokens(root, gate, rule, now)
  if room <= 0 then arm_next(root, gate, rule, now) return 0 end
  return math.max(0, room - on_the_way(root, gate))
end
OPENERS.rate = room_by_rate

-- Opens the gates whose time has come: how many jobs were let through, and ms until the next alarm (nil: none).
-- By the clock as it is now: the step that calls may have set an alarm for an instant after its own beginning.
local function chime(root)
  local alarms, moved, now = root .. ':tally:alarms', 0, now_ms()
  for _, gate in ipairs(redis.call('ZRANGEBYSCORE', alarms, '-inf', now, 'LIMIT', 0, 100)) do
    redis.call('ZREM', alarms, gate)
    if is_timed(gate) then moved = moved + unpark(root, gate, room_at(root, gate), 200)
    elseif string.sub(gate, 1, 7) == 'frozen:' then moved = moved + thaw(root, gate, now) end
  end
  local head = redis.call('ZRANGE', alarms, 0, 0, 'WITHSCORES')
  return moved, head[2] and math.max(0, tonumber(head[2]) - now)
end

-- What is declared of a type, or an operator says. Where no rate is left `usher` lets through who still waits.
local function rate_type(root, kind, text)
  local gate = 'rate:' .. kind
  if text == '' then redis.call('HDEL', root .. ':tally:rates', kind)
  else redis.call('HSET', root .. ':tally:rates', kind, text) end
  if redis.call('EXISTS', line_keys(root, gate)) > 0 then arm(root, gate, now_ms()) end
end
