-- Breakers: while a destination cannot be reached its jobs wait aside, and none of them is charged. Shared by every step;
-- behind `_rates`. A job names its destination; the gate is 'breaker:<destination>', and the hash of that name its breaker:
--   state   closed (it counts) · open · half (probes go) · ramp (who waited comes back, not all at once)
--   bucket, bad, ok, bad_before, ok_before   failures and answers since `bucket` (ms), and in as long a time before: half
--                                            of `within`
--   since, trips, error, by, reason          when it opened, how often in a row, the last failure; who opened it by hand,
--                                            and why
--   probe_at, opened                         no probe before (ms; none: by hand), and when that was said
--   at, started, rule                        when half or ramp began, starts since then
-- A rule is 'failures/ratio/within/rest/longest/probes', times in ms, as the worker knew it that told of the last failure.
-- `breakers` has the destinations that are not closed, by since when: while there are none a claim asks for no job's.
-- Probes hold a slot of the gate as jobs hold one of a limit: however they end, whoever ends them, it is free again.
local is_shut_by_breaker, start_past_breaker, judge, open_by_hand, close_by_hand
do
-- Jobs of a ramp are let through so often; a half-open one that nobody needs is forgotten after so long (ms).
local RAMP_PAUSE, MOST_IDLE = 50, 3600000
local UNLESS_TOLD = '5/0.5/60000/30000/900000/1'
local ANSWERS = {finished = true, failed = true, retried = true}
local TEXTS = 2
local FIELDS = {'state', 'rule', 'probe_at', 'at', 'started', 'trips', 'since', 'bucket', 'bad', 'ok', 'bad_before',
  'ok_before', 'opened'}

local function rule_of(text)
  local failures, ratio, within, rest, longest, probes =
    string.match(text or '', '^(%d+)/([%d.]+)/(%d+)/(%d+)/(%d+)/(%d+)$')
  if not failures then return rule_of(UNLESS_TOLD) end
  return {text = text, failures = tonumber(failures), ratio = tonumber(ratio), within = tonumber(within),
    rest = tonumber(rest), longest = tonumber(longest), probes = tonumber(probes)}
end

local function say(b, fields)
  local flat = {}
  for name, value in pairs(fields) do
    b[name] = value
    flat[#flat + 1], flat[#flat + 2] = name, value
  end
  redis.call('HSET', b.key, unpack(flat))
end

local function half_open(root, b, now)
  say(b, {state = 'half', at = now})
  arm(root, b.gate, now + PATIENCE)
end

-- What lies ahead of the clock was noted before that was set back: it would hold for as long as that was. No rest is longer
-- from now than it was to be in all.
local function set_right(root, b, now)
  local ahead = {}
  if b.at and b.at > now then ahead.at = now end
  if b.opened and b.opened > now and b.probe_at then ahead.opened, ahead.probe_at = now, now + b.probe_at - b.opened end
  if not next(ahead) then return end
  say(b, ahead)
  arm(root, b.gate, ahead.probe_at or now)
end

-- Where there is none: one that is closed and has counted nothing. That its time to rest is over, the first who looks notes.
local function breaker_at(root, gate, now)
  local b = {gate = gate, key = root .. ':tally:' .. gate}
  for at, value in ipairs(fields_of(b.key, unpack(FIELDS))) do
    if value then b[FIELDS[at]] = at <= TEXTS and value or tonumber(value) end
  end
  b.is_new, b.state, b.rule, b.trips = not b.state, b.state or 'closed', rule_of(b.rule), b.trips or 0
  set_right(root, b, now)
  if b.state == 'open' and b.probe_at and b.probe_at <= now then half_open(root, b, now) end
  return b
end

local function note_attempt(b, what, now)
  local age, half = now - (b.bucket or 0), b.rule.within / 2
  local kept = {bucket = b.bucket, bad = b.bad or 0, ok = b.ok or 0, bad_before = b.bad_before or 0,
    ok_before = b.ok_before or 0}
  if age < 0 then kept.bucket = now end
  if age >= 2 * half then kept = {bucket = now, bad = 0, ok = 0, bad_before = 0, ok_before = 0}
  elseif age >= half then
    kept = {bucket = now, bad = 0, ok = 0, bad_before = kept.bad, ok_before = kept.ok}
  end
  kept[what] = kept[what] + 1
  say(b, kept)
end

-- One that is closed is kept for a while: should it open again soon, it rests for longer.
local function remember(b)
  local rest = b.trips > 0 and math.min(b.rule.rest * 2 ^ b.trips, b.rule.longest) or 0
  redis.call('PEXPIRE', b.key, string.format('%.0f', math.max(2 * b.rule.within, rest)))
end

local function waits(root, gate)
  return redis.call('EXISTS', line_keys(root, gate)) > 0
end

local function close(root, b, now)
  say(b, {state = 'closed', bucket = now, bad = 0, ok = 0, bad_before = 0, ok_before = 0})
  redis.call('HDEL', b.key, 'since', 'probe_at', 'opened', 'at', 'started', 'error', 'by', 'reason')
  remember(b)
  redis.call('ZREM', root .. ':tally:breakers', string.sub(b.gate, 9))
  redis.call('ZREM', root .. ':tally:alarms', b.gate)
  forget_the_way(root, b.gate)
end

local function ramp(root, b, now)
  say(b, {state = 'ramp', at = now, started = 0, bucket = now, bad = 0, ok = 1, bad_before = 0, ok_before = 0})
  redis.call('HDEL', b.key, 'probe_at', 'by', 'reason')
  arm(root, b.gate, now)
end

local function open(root, b, now)
  say(b, {state = 'open', since = b.since or now, bad = 0, ok = 0, bad_before = 0, ok_before = 0})
  redis.call('PERSIST', b.key)
  redis.call('ZADD', root .. ':tally:breakers', 'NX', now, string.sub(b.gate, 9))
end

local function open_until(root, b, now, probe_at, words)
  open(root, b, now)
  redis.call('HSET', b.key, 'probe_at', probe_at, 'opened', now, 'error', words, 'rule', b.rule.text)
  arm(root, b.gate, probe_at)
end

local function trip(root, b, now, words)
  say(b, {trips = b.trips + 1})
  open_until(root, b, now, now + math.min(b.rule.rest * 2 ^ (b.trips - 1), b.rule.longest), words)
end

-- So many may have started since the ramp began: twice as many each second.
local function may_have_started(b, now)
  return math.floor(2 ^ math.min(30, math.max(0, now - b.at) / 1000))
end

local function free_probes(root, b)
  return b.rule.probes - redis.call('SCARD', root .. ':tally:holders:' .. b.gate)
end

-- How many may be let through now, and when to look again.
local function room_by_breaker(root, gate)
  local now = now_ms()
  local b, is_waited_for = breaker_at(root, gate, now), waits(root, gate)
  if b.state == 'closed' then return math.huge end
  if b.state == 'open' then
    if b.probe_at then arm(root, gate, b.probe_at) end
    return 0
  end
  local coming = on_the_way(root, gate, frozen_at(root, now))
  if b.state == 'ramp' then
    if not is_waited_for and coming.all == 0 then close(root, b, now) return math.huge end
    if is_waited_for then arm(root, gate, now + RAMP_PAUSE) else watch(root, gate, coming) end
    return math.max(0, may_have_started(b, now) - b.started - coming.all)
  end
  local probes = free_probes(root, b)
  if not is_waited_for and coming.all == 0 and probes == b.rule.probes and now - b.at >= MOST_IDLE then close(root, b, now) end
  if is_waited_for and coming.all > 0 then watch(root, gate, coming)
  else arm(root, gate, now + (is_waited_for and PATIENCE or MOST_IDLE)) end
  return math.max(0, probes - coming.all)
end
OPENERS.breaker = room_by_breaker

-- Who has not waited yet goes behind those who do.
function is_shut_by_breaker(root, job, destination, now)
  local gate = 'breaker:' .. destination
  local b = breaker_at(root, gate, now)
  if b.state == 'closed' then return nil end
  local room = b.state == 'half' and free_probes(root, b) or b.state == 'ramp' and may_have_started(b, now) - b.started or 0
  if room > 0 and (passed_gate(job) or not waits(root, gate)) then return nil end
  -- As long as nobody waited its alarm was not to ring as soon.
  if b.state == 'ramp' then arm(root, gate, now + RAMP_PAUSE) end
  return gate
end

-- It starts: as a probe it holds a slot of the gate, which is told by its name.
function start_past_breaker(root, id, destination, now)
  local gate = 'breaker:' .. destination
  local b = breaker_at(root, gate, now)
  if b.state == 'closed' then return nil end
  redis.call('ZREM', way_of(root, gate), id)
  if b.state == 'ramp' then redis.call('HINCRBY', b.key, 'started', 1) end
  return b.state == 'half' and gate or nil
end

-- Of attempts under way that began before it opened none says how the destination is now: only probes do.
local function is_probe(b, gates)
  return string.find('\n' .. (gates or '') .. '\n', '\n' .. b.gate .. '\n', 1, true) ~= nil
end

local function hear_answer(root, b, gates, now)
  if b.state == 'half' and is_probe(b, gates) then ramp(root, b, now)
  elseif b.state == 'ramp' or (b.state == 'closed' and not b.is_new) then note_attempt(b, 'ok', now) end
end

-- Whether the attempt is on the destination's account, not the job's. Soon after it came back one failure in two is enough.
local function hear_failure(root, b, gates, asked, words, now)
  if b.state == 'open' and not b.probe_at then return true end
  if asked > 0 then
    open_until(root, b, now, math.max(now + asked, b.state == 'open' and b.probe_at or 0), words)
    return true
  end
  if b.state == 'open' then return true end
  if b.state == 'half' then
    if is_probe(b, gates) then trip(root, b, now, words) end
    return true
  end
  note_attempt(b, 'bad', now)
  local bad, all = b.bad + b.bad_before, b.bad + b.bad_before + b.ok + b.ok_before
  if bad >= (b.state == 'ramp' and 1 or b.rule.failures) and bad >= b.rule.ratio * all then
    trip(root, b, now, words)
    return true
  end
  redis.call('HSET', b.key, 'state', b.state, 'rule', b.rule.text)
  if b.state == 'closed' then remember(b) end
  return false
end

-- What an attempt that ended says of its destination, and the kind of its end that holds: nobody is charged while it is away.
-- `said` is '<rule>!<how long (ms) it asked to be left alone>!<words>' where it was not reached.
function judge(root, destination, kind, said, gates, now)
  if not said and not ANSWERS[kind] then return kind end
  local b = breaker_at(root, 'breaker:' .. destination, now)
  if not said then
    hear_answer(root, b, gates, now)
    return kind
  end
  local rule, asked, words = string.match(said, '^([^!]*)!(%-?%d+)!(.*)$')
  b.rule = rule_of(rule)
  return hear_failure(root, b, gates, tonumber(asked), words, now) and 'released' or kind
end

-- 1: it is open until somebody says otherwise; 0: it was already. `said` is when somebody said so (0: nobody knows).
function open_by_hand(root, destination, by, reason, said)
  local now = now_ms()
  local b = breaker_at(root, 'breaker:' .. destination, now)
  if b.state == 'open' and not b.probe_at then return 0 end
  open(root, b, said > 0 and math.min(said, now) or now)
  redis.call('HSET', b.key, 'by', by, 'reason', reason)
  redis.call('HDEL', b.key, 'probe_at')
  redis.call('ZREM', root .. ':tally:alarms', b.gate)
  return 1
end

function close_by_hand(root, destination, now)
  local b = breaker_at(root, 'breaker:' .. destination, now)
  if b.state == 'closed' or b.state == 'ramp' then return 0 end
  ramp(root, b, now)
  return 1
end
end
