-- flags: allow-oom
-- Takes up to n jobs for a worker: first what each queue is guaranteed, then strictly in order. What a queue
-- leaves of its guarantee goes to the next in the list that has its priority.
-- KEYS[1]  ROOT
-- ARGV[1]  worker name
-- ARGV[2]  lease (ms)
-- ARGV[3]  n
-- ARGV[4]  how many lanes follow; their wake tokens are taken away when nothing is left to claim
-- ARGV[5…] the lanes, then pairs: queue, jobs guaranteed to it in this call
-- Returns  one list a job: id, fence, attempt, failures before, suspect ('1' or nil), queue, job type,
--          data, options, soft timeout (s), max attempts, when it was ready
-- What is no job of ours is set apart and counts for none. Of a fair queue its list comes first, then its lines by turns.
-- Each job gets attempt + 1 (taken back by `settle` if its handler never begins), a lease, a fence (the id of the line that
-- tells of all these starts), and RQ's mirror entry with score +inf, which RQ's own clean-up never touches.

-- The limits that a job must pass, or nil and the one that keeps it; a library has room for few names at a time.
local gates_of
do
local function is_full(root, gate)
  return redis.call('SCARD', root .. ':tally:holders:' .. gate[1]) >= gate[2]
end

-- A place that is kept until the end may be one's own already; one whose holder is gone is free at once. For one that is free
-- they go in their order: who has not waited yet goes behind those who do.
local function is_kept_from(root, id, gate, claim)
  if redis.call('SISMEMBER', root .. ':tally:holders:' .. gate[1], id) == 1 then return false end
  local was_full = is_full(root, gate)
  if was_full then drop_gone_holders(root, gate[1], claim.seen, claim.is_picked) end
  if was_full and is_full(root, gate) then return true end
  if passed_gate(root .. ':job:' .. id) == gate[1] or redis.call('EXISTS', line_keys(root, gate[1])) == 0 then return false end
  if was_full then pass_on(root, gate[1]) end
  return true
end

-- Of most jobs. One for all calls: nobody writes to it.
local NO_GATES = {}

function gates_of(root, id, kind, claim, limit_key, limit, hold, tenant)
  local quota = tenant and claim.quotas[tenant]
  if not limit_key and not quota and not claim.limits[kind] then return NO_GATES end
  local gates = {}
  if claim.limits[kind] then gates[1] = {'type:' .. kind, claim.limits[kind]} end
  if limit_key then
    limit = claim.has_key_limits and limit_of_key(root, limit_key, limit) or tonumber(limit)
    gates[#gates + 1] = {'key:' .. limit_key, limit, hold}
  end
  if quota then gates[#gates + 1] = {'tenant:' .. tenant, quota.running or math.huge} end
  for _, gate in ipairs(gates) do
    local is_shut = gate[3] and is_kept_from(root, id, gate, claim) or not gate[3] and is_full(root, gate)
    if is_shut then return nil, gate[1] end
  end
  return gates
end
end

-- Whose job it is, where that is a tenant with a quota, or one among whose waiting jobs it is counted still. A job that an
-- earlier release accepted does not say so itself.
local function counted_tenant(root, quota, options, claim)
  if not claim.has_more or claim.has_quotas == false then return quota end
  local tenant = quota or tenant_of(options)
  if not tenant then return nil end
  if claim.has_quotas == nil then claim.has_quotas = redis.call('EXISTS', root .. ':tally:quotas') == 1 end
  if claim.has_quotas and claim.quotas[tenant] == nil then claim.quotas[tenant] = quota_of(root, tenant) or false end
  return (quota or claim.quotas[tenant]) and tenant or nil
end

-- It waits no more, and says whose it is once it runs.
local function leave_waiting(root, job, id, tenant, quota)
  gather('SREM', waiting_key(root, tenant), id)
  if not quota then redis.call('HSET', job, 'quota', tenant) end
end

-- What the attempt before left, in case this one is given back before its handler begins.
local function set_aside(job)
  local f = fields_of(job, 'started_at', 'worker_name', 'ended_at', 'progress')
  for at = 1, 4 do f[at] = f[at] or '' end
  redis.call('HSET', job, 'before', table.concat(f, '\31'))
  redis.call('HDEL', job, 'progress', 'ended_at', 'last_heartbeat')
end

-- As text. What a foreign hand wrote that counts no attempts counts as none.
local function next_attempt(before)
  before = tonumber(before)
  return before and before >= 0 and before < 2 ^ 31 and text_of(before + 1) or '1'
end

-- Its slots are taken at once, so that the next one is counted against them. Its fence is not known yet.
local function pick(root, id, f, gates, claim)
  local names = {}
  for _, gate in ipairs(gates) do
    redis.call('SADD', root .. ':tally:holders:' .. gate[1], id)
    names[#names + 1] = gate[1]
    if gate[3] then names[#names + 1] = 'hold:' .. gate[1] end
  end
  local at = #claim.jobs + 1
  claim.jobs[at] = {id, '', next_attempt(f[4]), f[5] or '0', f[6] or '', f[2], f[3], f[7],
    f[8] or ABSENT.options, f[9] or ABSENT.timeout, f[10] or ABSENT.max_attempts, f[14] or f[15] or ''}
  if names[1] then claim.gates[at] = table.concat(names, '\n') end
  claim.is_picked[id] = true
end

local function say_started(job, picked, claim, ...)
  redis.call('HSET', job, 'status', 'started', 'started_at', claim.stamp, 'worker_name', claim.worker,
    'attempt', picked[3], 'fence', picked[2], ...)
end

-- Of a fair queue's job `parked` is nothing from now on: to take it out would be a command more.
local function start(root, picked, gates, claim)
  local id, queue = picked[1], picked[6]
  local job, is_fair = root .. ':job:' .. id, claim.fair[queue]
  if picked[3] ~= '1' then set_aside(job) end
  if gates and is_fair then say_started(job, picked, claim, 'gates', gates, 'parked', '')
  elseif gates then say_started(job, picked, claim, 'gates', gates)
  elseif is_fair then say_started(job, picked, claim, 'parked', '')
  else say_started(job, picked, claim) end
  gather('ZADD', root .. ':tally:leases', claim.expires, id)
  gather('ZADD', root .. ':wip:' .. queue, '+inf', id .. ':' .. picked[2])
end

-- Of the jobs that the call takes off the lines of a queue: those that start have left them.
local function leave_their_lines(root, claim)
  local lined = claim.lined
  claim.lined = nil
  if lined then leave_lines(root, lined.queue, #claim.jobs - lined.before) end
end

-- One line tells of all starts, and its id is the fence of all. What was told of others before is a line of its own.
local function start_all(root, claim)
  write_line()
  for _, picked in ipairs(claim.jobs) do
    picked[2] = event(root, 'started', picked[1], picked[6], claim.worker, nil, picked[3])
  end
  local fence = write_line()
  for at, picked in ipairs(claim.jobs) do
    picked[2] = picked[2] or fence
    start(root, picked, claim.gates[at], claim)
  end
  leave_their_lines(root, claim)
  for at = 1, #claim.twice, 2 do drop(root, claim.twice[at], claim.twice[at + 1], 'started') end
end

local function take(root, id, queue, claim, is_lined)
  -- It was listed twice, and its hash does not say yet that it is started.
  if claim.is_picked[id] then
    claim.twice[#claim.twice + 1], claim.twice[#claim.twice + 2] = id, queue
    return
  end
  local job = root .. ':job:' .. id
  local f = fields_of(job, 'status', 'origin', 'description', 'attempt', 'failures', 'suspect',
    'data', 'options', 'timeout', 'max_attempts', 'expires_at', 'limit_key', 'limit', 'enqueued_at',
    'created_at', 'destination', 'rate', 'hold', 'quota')
  -- Who has no hash any more is counted where he stood all the same.
  if is_lined and not f[1] then leave_lines(root, queue, 1) end
  is_lined = is_lined and f[1] == 'queued' and f[2] == queue
  if f[1] and (is_foreign(f[7], f[4], f[8], f[10]) or f[1] == 'queued' and not f[3]) then
    if is_lined then leave_unstarted(root, job, queue) end
    set_apart(root, id, claim.now)
  elseif f[1] ~= 'queued' or f[2] ~= queue then
    drop(root, id, queue, f[1])
  elseif f[11] and (f[4] or '0') == '0' and tonumber(f[11]) <= claim.now then
    if is_lined then leave_unstarted(root, job, queue) end
    cancel_waiting(root, job, id, queue, claim.now, 'expired', 'tally', 'expired')
  else
    local gates, tenant = nil, counted_tenant(root, f[19] or nil, f[8], claim)
    local shut = next(claim.paused) and claim.paused['type:' .. f[3]] and 'paused:' .. f[3]
    if not shut then
      shut = claim.frozen and gate_by_freeze(root, job, f[3], f[8], claim)
        or f[16] and claim.has_breakers and is_shut_by_breaker(root, job, f[16], claim.now)
      if not shut then gates, shut = gates_of(root, id, f[3], claim, f[12], f[13], f[18], tenant) end
    end
    local quota = tenant and claim.quotas[tenant]
    local is_rated = gates and (f[17] or quota or (claim.rates and claim.rates[f[3]]))
    local rated = is_rated and rates_of(root, f[3], f[17], claim.rates, claim.has_more, tenant, quota)
    local rate = rated and shut_by_rates(root, job, rated)
    if rate then gates, shut = nil, rate end
    if gates then
      if rated then take_tokens(root, rated, id) end
      if tenant then leave_waiting(root, job, id, tenant, f[19]) end
      local probe = f[16] and claim.has_breakers and start_past_breaker(root, id, f[16], claim.now)
      if probe then
        gates = {unpack(gates)}
        gates[#gates + 1] = {probe}
      end
      return pick(root, id, f, gates, claim)
    end
    local rule = claim.fair[queue]
    park(root, job, id, queue, shut, rule and rule.by ~= '' and (f[8] or ABSENT.options))
    if is_lined then leave_lines(root, queue, 1) end
    pass_on_all(root, f[3], f[12], tenant, shut)
  end
end

-- All of them are out of their list, or their lines: where it breaks at one, it is known which were not looked at.
local function take_all(root, ids, queue, claim, is_lined)
  local taken = {ids = ids, queue = queue, is_lined = is_lined, at = 0}
  claim.taken = taken
  for at, id in ipairs(ids) do
    taken.at = at
    take(root, id, queue, claim, is_lined)
  end
  claim.taken = nil
end

-- The next look of this call, at a ramp, counts them no more. If it breaks half-way, what is picked starts all the same.
local function take_lined(root, ids, queue, claim)
  claim.lined = {queue = queue, before = #claim.jobs}
  take_all(root, ids, queue, claim, true)
  leave_their_lines(root, claim)
end

-- They are out of their queues: whatever broke, those that were picked start, or they would be nowhere.
local function conclude(root, claim, ok, fault)
  if #claim.jobs > 0 then start_all(root, claim) end
  if ok then return end
  if claim.taken then put_back(root, claim.taken, claim.now) end
  error(fault, 0)
end

-- In a call, so that a queue full of stopped jobs cannot hold the server; whoever is idle goes on where it ended.
local MOST_LOOKED = 200

local function take_open(root, queue, most, claim)
  local wanted = #claim.jobs + most
  while #claim.jobs < wanted and claim.looked < MOST_LOOKED do
    local ids, in_vain = redis.call('LPOP', root .. ':queue:' .. queue, wanted - #claim.jobs), 0
    if ids then
      take_all(root, ids, queue, claim)
    else
      if claim.fair[queue] then ids, in_vain = next_in_turn(root, queue, wanted - #claim.jobs) end
      if not ids then return end
      take_lined(root, ids, queue, claim)
    end
    claim.looked = claim.looked + #ids + in_vain
  end
end

local function take_from(root, queue, most, claim)
  if not claim.frozen then return take_open(root, queue, most, claim) end
  local before = #claim.jobs
  take_open(root, queue, math.min(most, room_of_queue(root, queue, claim.frozen, claim.now)), claim)
  note_starts(root, queue, claim.frozen, #claim.jobs - before, claim.now)
end

local function paused_set(root)
  local paused = {}
  for _, name in ipairs(redis.call('SMEMBERS', root .. ':tally:paused')) do paused[name] = true end
  return paused
end

local function type_limits(root)
  local flat, limits = redis.call('HGETALL', root .. ':tally:limits'), {}
  for i = 1, #flat, 2 do limits[flat[i]] = tonumber(flat[i + 1]) end
  return limits
end

local function rates(root)
  local flat, rules = redis.call('HGETALL', root .. ':tally:rates'), {}
  for i = 1, #flat, 2 do rules[flat[i]] = rule_in(flat[i + 1]) end
  return rules
end

local function is_open(queue, state)
  return not state.paused['queue:' .. queue] and not state.paused['lane:' .. lane_of(queue)]
end

-- While the ramp of a freeze lets jobs out, `claim` alone takes the next ones.
local function may_pick(queue, state)
  return is_open(queue, state) and is_thawed(queue, state.frozen)
end

-- Nothing is left to call for; or there is more than this call could look at, and somebody shall go on at once, whether
-- or not there was a token for each job.
local function leave_wakes(root, lanes, argv, is_more)
  for i = 1, lanes do
    local wake = root .. ':tally:wake:' .. argv[4 + i]
    if not is_more then redis.call('DEL', wake)
    elseif redis.call('EXISTS', wake) == 0 then ring(root, argv[4 + i], 1) end
  end
end

local function look(root, n, lanes, argv, state)
  local open, left, left_by = {}, 0, nil
  for at = 5 + lanes, #argv, 2 do
    local queue, guaranteed = argv[at], tonumber(argv[at + 1])
    if left > 0 and priority_of(queue) == left_by then guaranteed = guaranteed + left end
    guaranteed = math.min(guaranteed, n - #state.jobs)
    if is_open(queue, state) then
      open[#open + 1] = queue
      if guaranteed > 0 then
        local before = #state.jobs
        take_from(root, queue, guaranteed, state)
        guaranteed = guaranteed - (#state.jobs - before)
      end
    end
    left, left_by = guaranteed, guaranteed > 0 and priority_of(queue) or nil
  end
  -- A job put aside may let another through into a queue that was empty before: look again while any was found.
  local before
  repeat
    before = state.looked
    for _, queue in ipairs(open) do take_from(root, queue, n - #state.jobs, state) end
  until #state.jobs >= n or state.looked == before or state.looked >= MOST_LOOKED
  if #state.jobs < n then leave_wakes(root, lanes, argv, state.looked >= MOST_LOOKED) end
end

-- Without a scheduler the workers ring the alarms themselves.
local function look_and_chime(root, n, lanes, argv, state)
  look(root, n, lanes, argv, state)
  if (state.rates or state.has_breakers) and #state.jobs < n and chime(root) > 0 then look(root, n, lanes, argv, state) end
end

-- What one call sees and takes; nothing while all is suspended.
local function claim_state(root, worker, lease_ms)
  -- One question for all: most deployments have none, and some fair queues and no more.
  local found = redis.call('EXISTS', root .. ':suspended', root .. ':tally:rates', root .. ':tally:breakers',
    root .. ':tally:frozen', root .. ':tally:fair', root .. ':tally:key_limits', root .. ':tally:key_rates',
    root .. ':tally:alarms', root .. ':tally:quotas')
  local fair = found > 0 and fair_rules(root) or {}
  local has_more = found > (next(fair) and 1 or 0)
  if has_more and redis.call('EXISTS', root .. ':suspended') == 1 then return nil end
  local now = now_ms()
  local frozen = has_more and frozen_at(root, now)
  return {worker = worker, now = now, stamp = iso(now), expires = text_of(now + lease_ms), jobs = {},
    gates = {}, is_picked = {}, seen = {}, twice = {}, looked = 0, paused = paused_set(root),
    limits = type_limits(root), rates = has_more and rates(root) or nil,
    frozen = frozen and next(frozen) and frozen or nil, fair = fair, has_more = has_more, quotas = {},
    has_key_limits = has_more and redis.call('EXISTS', root .. ':tally:key_limits') == 1,
    has_breakers = has_more and redis.call('EXISTS', root .. ':tally:breakers') == 1}
end

local function claim(keys, argv)
  local root, n, lanes = keys[1], tonumber(argv[3]), tonumber(argv[4])
  local state = claim_state(root, argv[1], tonumber(argv[2]))
  if not state then return {} end
  conclude(root, state, pcall(look_and_chime, root, n, lanes, argv, state))
  return state.jobs
end
