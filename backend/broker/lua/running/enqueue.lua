-- Accepts jobs, each into its queue or, when it has a time to come, into the schedule.
-- KEYS[1]  ROOT
-- ARGV[1]  most jobs that may wait in one queue (0: no limit)
-- ARGV[2]  most events that may wait for the recorder (0: no limit)
-- ARGV[3]  how many heads follow
-- ARGV[4…] the heads: what many jobs share, with unit separators between: queue, job type, max attempts,
--          soft timeout (s), result ttl (s), RQ's call before and after the payload, 'lean' where what
--          `ABSENT` says is left out ('': nothing is)
--     then five a job: number of its head, id, payload (JSON), options (JSON), and what few jobs have ('': none
--          of it), names and values with unit separators between: run_at (ms), delay (ms), expires_at (ms),
--          unique_key, unique_window (ms), limit_key, limit, digest (of what is asked for; without it
--          whatever has the job's id or key will do), follow (which of the follow-ups in its options are to come), destination,
--          scope (see `_unique`), on_conflict (replace · debounce), rate (see `_rates`), hold ('1': it keeps its place of
--          limit_key from its first start until it has ended)
-- Returns  one a job: 1 queued, 2 scheduled, 3 already here (nothing done), {-3, how many wait, how many may} where its tenant
--          has a quota, and that is used up (nothing written), the id of its twin when the unique key or its scope is taken
--          ({id, 'replaced', ''} when it got the payload), -1 queue full, -2 recorder too far behind (nothing written); when id
--          or key belong to a job with other contents: that job's id, and since when it is here
-- Refused as a whole by Redis when memory is full: it alone has no allow-oom flag.
local function words_in(text)
  local words = {}
  for word in string.gmatch(text .. '\31', '([^\31]*)\31') do words[#words + 1] = word end
  return words
end

local function named_in(text)
  local words, named = words_in(text), {}
  for at = 1, #words, 2 do named[words[at]] = words[at + 1] end
  return named
end

local function first_fields(call, head, data, options, state)
  if head.is_lean then
    if options == ABSENT.options then
      return 'status', state, 'created_at', call.stamp, 'origin', head.queue, 'description', head.kind, 'data', data,
        unpack(head.terms)
    end
    return 'options', options, first_fields(call, head, data, ABSENT.options, state)
  elseif state == 'queued' then
    return 'status', state, 'created_at', call.stamp, 'origin', head.queue, 'description', head.kind,
      'data', data, 'options', options, 'enqueued_at', call.stamp, unpack(head.terms)
  end
  return 'status', state, 'created_at', call.stamp, 'origin', head.queue, 'description', head.kind,
    'data', data, 'options', options, unpack(head.terms)
end

-- A job with a time, a key or a limit of its own; its unique key is taken.
local function rare_fields(call, head, id, data, options, rare, state)
  local fields = {first_fields(call, head, data, options, state)}
  local function add(name, value) fields[#fields + 1] = name; fields[#fields + 1] = value end
  if rare.expires_at then add('expires_at', rare.expires_at) end
  if rare.limit_key then add('limit_key', rare.limit_key) add('limit', rare.limit) end
  if rare.unique_key then
    redis.call('SET', call.root .. ':tally:unique:' .. rare.unique_key, id, 'PX', rare.unique_window)
    add('unique_key', rare.unique_key)
    add('unique_until', string.format('%.0f', call.now + rare.unique_window))
  end
  if rare.scope then scopes.enter(call.root, id, rare, call.now, add) end
  if rare.digest then add('digest', rare.digest) end
  if rare.destination then add('destination', rare.destination) end
  if rare.rate then add('rate', rare.rate) end
  if rare.hold then add('hold', rare.hold) end
  if rare.follow then
    add('follow', rare.follow)
    note_follow_ups(call.root, id, call.now)
  end
  return unpack(fields)
end

-- Whether a job is here. The first one of a call asks for fair queues and quotas too: most deployments have none.
local function is_known(call, job)
  if not call.fair then
    local fair, quotas = call.root .. ':tally:fair', call.root .. ':tally:quotas'
    if redis.call('EXISTS', job, fair, quotas) == 0 then call.fair = {} return false end
    local rules = redis.call('EXISTS', fair, quotas)
    call.fair = rules > 0 and fair_rules(call.root) or {}
    call.has_quotas = rules == 2 or rules == 1 and not next(call.fair)
  end
  return redis.call('EXISTS', job) == 1
end

-- What is known of the quota of its tenant; nil: there is none.
local function quota_in(call, options)
  local tenant = tenant_of(options)
  if not tenant then return nil end
  local quota = call.quotas[tenant]
  if quota == nil then
    local said = quota_of(call.root, tenant)
    quota = said and {tenant = tenant, most = said.waiting, new = 0,
      wait = redis.call('SCARD', waiting_key(call.root, tenant))} or false
    call.quotas[tenant] = quota
  end
  return quota or nil
end

-- Written last, with the others of the call.
local function count_in_quota(root, id, quota)
  gather('SADD', waiting_key(root, quota.tenant), id)
  quota.new, quota.wait = quota.new + 1, quota.wait + 1
end

-- Its line, if it goes to one: lines of a call come into turn together, when all of it is written.
local function line_of_job(call, queue, options)
  local rule = call.fair[queue]
  if not rule or rule.by == '' then return nil end
  local lines = call.lines[queue] or {}
  call.lines[queue] = lines
  if not lines[options] then
    local line = fair_line_of(queue, options, rule.by)
    local turns, at = come_into_turn(call.root, queue, string.match(line, '\31(.*)$'))
    if next(lines) then gather('ZADD', turns, at, string.match(line, '\31(.*)$'))
    else gather('ZADD', turns, 'NX', at, string.match(line, '\31(.*)$')) end
    lines[options] = line
  end
  return lines[options]
end

-- How many wait in a queue that others of this call joined.
local function backlog_of(call, head)
  local listed = redis.call('LLEN', head.list) + (call.joined[head.queue] or 0)
  if not call.fair[head.queue] then return listed end
  return listed + (tonumber(redis.call('HGET', call.root .. ':tally:counts:' .. head.queue, 'lined') or nil) or 0)
end

local function write_job(job, line, quota, ...)
  if quota then return write_job(job, line, nil, 'quota', quota.tenant, ...) end
  if line then redis.call('HSET', job, 'parked', line, ...) else redis.call('HSET', job, ...) end
end

local function wait_in(root, head, line, id)
  if not line then return gather('RPUSH', head.list, id) end
  gather('RPUSH', root .. ':tally:parked:' .. line, id)
  count(root, head.queue, 'parked', 1)
  count(root, head.queue, 'lined', 1)
end

local NOTHING = {}
local function admit(call, head, id, payload, options, rare_text)
  local root, job, data, due, state = call.root, call.jobs .. id, head.before .. payload .. head.after, 0, 'queued'
  local rare = rare_text == '' and NOTHING or named_in(rare_text)
  local is_here, joined = is_known(call, job), call.joined[head.queue] or 0
  local twin = is_here and id or rare.unique_key and holder_of(root, rare.unique_key)
  if twin then return conflict_with(root, twin, head.kind, data, rare.digest or '') or (is_here and 3 or twin) end
  twin = rare.scope and scopes.meet(call, rare, data, options)
  if twin then return twin end
  if call.behind then return -2 end
  if call.backlog > 0 and backlog_of(call, head) >= call.backlog then return -1 end
  local quota, line = call.has_quotas and quota_in(call, options) or nil, nil
  if quota and is_used_up(root, quota) then return {-3, quota.wait, quota.most} end
  if rare == NOTHING then
    line = line_of_job(call, head.queue, options)
    write_job(job, line, quota, first_fields(call, head, data, options, state))
  else
    due = rare.delay and call.now + rare.delay or tonumber(rare.run_at or 0)
    state = due > call.now and 'scheduled' or 'queued'
    line = state == 'queued' and line_of_job(call, head.queue, options) or nil
    write_job(job, line, quota, rare_fields(call, head, id, data, options, rare, state))
  end
  if quota then count_in_quota(root, id, quota) end
  count(root, head.queue, 'accepted', 1)
  if state == 'queued' then wait_in(root, head, line, id) joined = joined + 1
  else schedule(root, id, head.queue, due) end
  call.joined[head.queue] = joined
  accepted(root, id, head, state, due, payload, options)
  return state == 'queued' and 1 or 2
end

-- What a head says is kept from call to call: a deployment has as many as job types and priorities.
local heads_of, known = {}, 0
local function head_of(root, text)
  local head = heads_of[root] and heads_of[root][text]
  if head then return head end
  if known >= 1000 then heads_of, known = {}, 0 end
  local part = words_in(text)
  head = {queue = part[1], kind = part[2], most = part[3], before = part[6], after = part[7], terms = {},
    is_lean = part[8] == 'lean', list = root .. ':queue:' .. part[1]}
  for at, name in ipairs({'max_attempts', 'timeout', 'result_ttl'}) do
    if not head.is_lean or part[2 + at] ~= ABSENT[name] then
      head.terms[#head.terms + 1], head.terms[#head.terms + 2] = name, part[2 + at]
    end
  end
  heads_of[root] = heads_of[root] or {}
  heads_of[root][text] = head
  known = known + 1
  return head
end

local function enqueue(keys, argv)
  local root, now, replies = keys[1], now_ms(), {}
  local stream, first = tonumber(argv[2]), 4 + argv[3]
  local call = {root = root, now = now, stamp = iso(now), backlog = tonumber(argv[1]), joined = {}, lines = {}, quotas = {},
    jobs = root .. ':job:', behind = stream > 0 and events_waiting(root) >= stream}
  for at = first, #argv, 5 do
    local head = head_of(root, argv[3 + argv[at]])
    replies[#replies + 1] = admit(call, head, argv[at + 1], argv[at + 2], argv[at + 3], argv[at + 4])
  end
  for queue, jobs in pairs(call.joined) do
    redis.call('SADD', root .. ':queues', root .. ':queue:' .. queue)
    ring(root, lane_of(queue), jobs)
  end
  return replies
end
