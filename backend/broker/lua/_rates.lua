-- Rates: how many jobs of a type, or of a key, may start in a time, in the whole deployment. Shared by every step; behind
-- `_gates`. By the generic cell rate algorithm: one number a gate tells up to which instant (µs) starts are spoken for. With
-- `every` between two starts and a burst at once, no window of the rate's time has more starts than its limit. A start is
-- counted when a worker takes the job, not when it is let through: those who are on the way while all workers are busy would
-- start together. A rule is 'limit/seconds/burst'; a gate 'rate:<job type>', or 'rate:<key>', which has a colon in it. `alarms`
-- has the gates by when (ms) the next may start. A start takes one unit of a rate, or as many as the job says in `rate`: '<of
-- its type's>', or '<of its type's>/<of its key's>/<rule of its key>/<key>'. That rule holds unless an operator says another
-- one in `key_rates`. The starts of a quota are 'rate:@<tenant>', as no key is called: each start takes one unit of them.
local MOST_FOLLOWED, LEAST_PAUSE = 100, 10000

local function now_us()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

local function rule_in(text)
  local limit, seconds, burst = string.match(text or '', '^(%d+)/([^/]+)/(%d+)$')
  if not limit or not tonumber(seconds) or tonumber(burst) > tonumber(limit) then return nil end
  return {burst = tonumber(burst), every = math.ceil(tonumber(seconds) * 1000000 / (limit - burst + 1))}
end

local function share_in(text)
  local weight, own, rule, key = string.match(text or '', '^(%d+)/(%d+)/([^/]+/[^/]+/[^/]+)/(.*)$')
  if not weight then return {weight = tonumber(text or nil) or 1} end
  return {weight = tonumber(weight), own = tonumber(own), rule = rule, gate = 'rate:' .. key}
end

-- No more than a burst: where the rate was lowered since, the job would wait for ever.
local function cost_at(gate, rule, share)
  if string.sub(gate, 1, 6) == 'rate:@' then return 1 end
  return math.min(share.gate == gate and share.own or share.weight, rule.burst)
end

-- What holds for a key: as an operator says ('none': no rate), or else as the job does.
local function rule_of_key(root, key, own)
  return rule_in(redis.call('HGET', root .. ':tally:key_rates', key) or own)
end

-- The first behind a gate tells whether those there take more than one: nil where it says nothing.
local function first_share(root, gate)
  local first = first_behind(root, gate)
  local text = first and fields_of(root .. ':job:' .. first, 'rate')[1]
  return text and share_in(text) or nil
end

local function rule_at(root, gate, first)
  local name = string.sub(gate, 6)
  if string.sub(name, 1, 1) == '@' then return rule_in((quota_of(root, string.sub(name, 2)) or {}).starts) end
  if string.find(name, ':', 1, true) then return rule_of_key(root, name, first and first.rule) end
  return rule_in(redis.call('HGET', root .. ':tally:rates', name))
end

local function speak_for(root, gate, ends, now)
  redis.call('SET', root .. ':tally:tat:' .. gate, string.format('%.0f', ends), 'PX', math.ceil((ends - now) / 1000) + 1)
end

-- How long (µs) until one of this cost may start, how many units are there now, and up to when starts are spoken for. That is
-- no more than a full burst from now: else a clock that was set back, or another rule, would shut the gate for as long.
local function tokens(root, gate, rule, now, cost)
  local span = rule.burst * rule.every
  local spoken = math.max(tonumber(redis.call('GET', root .. ':tally:tat:' .. gate) or '0'), now)
  if spoken > now + span then
    spoken = now + span
    speak_for(root, gate, spoken, now)
  end
  return math.max(0, spoken + cost * rule.every - span - now), math.floor((now + span - spoken) / rule.every), spoken
end

-- For when the next may start; where several may start at once, they are let through together. Whoever is put aside does not
-- know what the one before him takes: an alarm that rings too soon for that one is set again.
local function arm_next(root, gate, rule, now, cost)
  local early = math.max(tokens(root, gate, rule, now, cost), math.min(LEAST_PAUSE, (rule.burst - 1) * rule.every))
  arm(root, gate, early > 0 and math.ceil((now + early) / 1000) or math.floor(now / 1000))
end

local function take_token(root, gate, rule, cost, id)
  local now = now_us()
  local _, _, spoken = tokens(root, gate, rule, now, cost)
  speak_for(root, gate, spoken + cost * rule.every, now)
  redis.call('ZREM', way_of(root, gate), id)
  if redis.call('EXISTS', line_keys(root, gate)) > 0 then arm_next(root, gate, rule, now, 1) end
end

-- One who comes from another gate goes before those who wait, but leaves the first of them what it needs: else small ones would
-- keep a large one from starting as long as they come.
local function left_for_first(root, gate, rule, passed)
  local first = passed ~= gate and first_share(root, gate)
  return first and cost_at(gate, rule, first) - 1 or 0
end

-- Whether a job has to wait behind it. Who has not waited yet goes behind those who do.
local function is_shut_by_rate(root, job, gate, rule, cost)
  local now = now_us()
  local early, units = tokens(root, gate, rule, now, cost)
  if early == 0 and redis.call('EXISTS', line_keys(root, gate)) == 0 then return false end
  local passed = early == 0 and passed_gate(job)
  if passed and units >= cost + left_for_first(root, gate, rule, passed) then return false end
  arm_next(root, gate, rule, now, cost)
  return true
end

-- Every rate that a job has to be let start by: gate, rule and cost. `rules` are those of types.
local function rates_of(root, kind, text, rules, has_key_rates, tenant, quota)
  local share, found = share_in(text), {}
  local function add(gate, rule)
    if rule then found[#found + 1] = {gate = gate, rule = rule, cost = cost_at(gate, rule, share)} end
  end
  add('rate:' .. kind, rules and rules[kind])
  if share.gate and has_key_rates then add(share.gate, rule_of_key(root, string.sub(share.gate, 6), share.rule))
  elseif share.gate then add(share.gate, rule_in(share.rule)) end
  if quota then add('rate:@' .. tenant, rule_in(quota.starts)) end
  return found
end

-- The first gate that a job has to wait behind. All are asked before a token is taken.
local function shut_by_rates(root, job, rated)
  for _, rate in ipairs(rated) do
    if is_shut_by_rate(root, job, rate.gate, rate.rule, rate.cost) then return rate.gate end
  end
end

local function take_tokens(root, rated, id)
  for _, rate in ipairs(rated) do take_token(root, rate.gate, rate.rule, rate.cost, id) end
end

local function cost_of(root, gate, rule, id)
  return cost_at(gate, rule, share_in(fields_of(root .. ':job:' .. id, 'rate')[1]))
end

-- What those take who are on the way: those who were not looked at as much each as the others.
local function units_on_the_way(root, gate, rule, coming)
  local units = 0
  for _, id in ipairs(coming.ids) do units = units + cost_of(root, gate, rule, id) end
  return #coming.ids > 0 and units / #coming.ids * coming.all or coming.all
end

-- How many of those who wait so many units are for. A worker who takes them counts once more: here it is enough that nobody is
-- sent in vain all the time.
local function jobs_for(root, gate, rule, units)
  local jobs = 0
  for _, key in ipairs({line_keys(root, gate)}) do
    for _, id in ipairs(redis.call('LRANGE', key, 0, MOST_FOLLOWED - 1)) do
      units = units - cost_of(root, gate, rule, id)
      if units < 0 then return jobs end
      jobs = jobs + 1
    end
  end
  return jobs
end

-- How many may be let through now. While somebody waits an alarm rings when one may, or those on the way are to be looked at
-- again.
local function room_by_rate(root, gate)
  local first = first_share(root, gate)
  local rule = rule_at(root, gate, first)
  -- Of a key its next job tells the rate: one that is none is dropped, and the one after it tells.
  if not rule then return not first and string.find(gate, '^rate:[^@].*:') and 1 or math.huge end
  local now, cost = now_us(), first and cost_at(gate, rule, first) or 1
  local _, units = tokens(root, gate, rule, now, cost)
  if units < cost then arm_next(root, gate, rule, now, cost) return 0 end
  local coming = on_the_way(root, gate, frozen_at(root, now_ms()))
  if redis.call('EXISTS', line_keys(root, gate)) > 0 then watch(root, gate, coming) end
  if first then return jobs_for(root, gate, rule, units - units_on_the_way(root, gate, rule, coming)) end
  return math.max(0, units - coming.all)
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

-- Another rule holds. Where no rate is left `usher` lets through who still waits.
local function look_again(root, gate)
  if redis.call('EXISTS', line_keys(root, gate)) > 0 then arm(root, gate, now_ms()) end
end

-- What is declared of a type, or an operator says.
local function rate_type(root, kind, text)
  if text == '' then redis.call('HDEL', root .. ':tally:rates', kind)
  else redis.call('HSET', root .. ':tally:rates', kind, text) end
  look_again(root, 'rate:' .. kind)
end

-- What an operator says of a key: '' gives it back to what its jobs say.
local function rate_key(root, key, text)
  local gate = 'rate:' .. key
  if text == '' then redis.call('HDEL', root .. ':tally:key_rates', key)
  else redis.call('HSET', root .. ':tally:key_rates', key, text) end
  look_again(root, gate)
end

-- The same of a control: 'keylimit' or 'keyrate'.
local function say_of_key(root, kind, key, value)
  if kind == 'keylimit' then limit_key(root, key, value) else rate_key(root, key, value) end
end

-- What an operator says of a tenant.
local function say_quota(root, tenant, value)
  set_quota(root, tenant, value)
  look_again(root, 'rate:@' .. tenant)
end
