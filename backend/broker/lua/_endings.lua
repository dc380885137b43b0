-- How a job ends for good, shared by every step that ends one; the loader puts it behind `_unique`. All of them go
-- through `ended`, so that nobody who waits for a job is forgotten, whoever ends it.

-- Which follow-up is called, and the state that it is told. Who withdraws a job wants no more of it; that it
-- expired, nobody decided.
local CALLS = {finished = {'on_success', 'finished'}, resolved = {'on_success', 'finished'},
  failed = {'on_failure', 'failed'}, expired = {'on_failure', 'canceled'}}
-- RQ's call around the payload, as `codec.py` has it.
local CALL_HEAD, CALL_TAIL = '["workers.runtime.trampoline.run",null,["', '],{}]'

-- How often a job was waited for is counted so far, for each call counts, also of one caller who asks again and again.
local MOST_TOLD = 64

local function leave_tokens(root, id, token, most)
  local key, tokens = root .. ':tally:done:' .. id, {}
  for at = 1, most do tokens[at] = token end
  redis.call('RPUSH', key, unpack(tokens))
  redis.call('EXPIRE', key, 60)
end

-- A token that whoever takes it gives on to the next.
local function tell_on(root, id, most) leave_tokens(root, id, '+', most) end

-- Everybody who waits for this job gets one token on a list of the job's own. Where more may wait than are counted, they
-- hand on what there is.
local function tell_waiters(root, id, waiters)
  if not waiters then return end
  if tonumber(waiters) < MOST_TOLD then leave_tokens(root, id, '1', tonumber(waiters))
  else tell_on(root, id, MOST_TOLD) end
end

-- Into the dead-letter queue: RQ lists it under `dlq`, we know since when.
local function bury(root, job, id, queue, now)
  redis.call('HSET', job, 'status', 'failed', 'ended_at', iso(now))
  redis.call('ZADD', root .. ':failed:dlq', '+inf', id)
  redis.call('ZADD', root .. ':tally:dead', now, id)
  redis.call('SADD', root .. ':queues', root .. ':queue:dlq')
  count(root, queue, 'failed', 1)
end

-- Who got no answer says the same again, to a connection that may have to be found first. Until then the job must be here, or
-- it would be made a second time.
local SAID_AGAIN_SECONDS = 10

-- Leaves a final job readable for `ttl` seconds (none said: an hour) under one of RQ's registries. The job itself, without
-- its results, stays ten seconds at least, and as long as a unique key stands for it: whoever is given its id for
-- the key can look at it. A year at most: EXPIRE would refuse what jobs of earlier releases may carry, and
-- leave the step half done.
local function keep(root, job, id, queue, registry, ttl, now, no_results, unique_until)
  ttl = math.min(tonumber(ttl or ABSENT.result_ttl), 31622400)
  local life = math.max(ttl, SAID_AGAIN_SECONDS)
  if unique_until then life = math.max(life, math.min(math.ceil((unique_until - now) / 1000), 31622400)) end
  if not no_results then
    if ttl <= 0 then redis.call('DEL', root .. ':results:' .. id)
    else redis.call('EXPIRE', root .. ':results:' .. id, ttl) end
  end
  redis.call('EXPIRE', job, text_of(life))
  gather('ZADD', root .. ':' .. registry .. ':' .. queue, text_of(math.floor(now / 1000) + life), id)
end

-- Notes that a job has follow-ups, so that `follow` finds it if an earlier release ends it, which knows of none.
local function note_follow_ups(root, id, now)
  redis.call('ZADD', root .. ':tally:following', now, id)
end

-- What a follow-up is told: its payload, unless it was given one of its own, and always in its options, from where its
-- context has it. Of both it is text: payloads and options are not decoded.
local function told_of(id, kind, state, attempt)
  return '{"job_id":"' .. id .. '","job_type":"' .. kind .. '","state":"' .. state .. '","attempt":' .. attempt .. '}'
end

local function options_told(id, told, options)
  local rest = options == '{}' and '}' or ',' .. string.sub(options, 2)
  return '{"parent_id":"' .. id .. '","follows":' .. told .. rest
end

-- A follow-up is one more job whatever the limits say: its caller was let in, and refusing it here would lose it.
local function enqueue_follow_up(root, plan, parent, told, quota, now)
  local job, queue, kind = root .. ':job:' .. plan.id, plan.queue, plan.job_type
  if redis.call('EXISTS', job) == 1 then return end
  local payload, options = plan.payload or told, options_told(parent, told, plan.options)
  local head = {queue = queue, kind = kind, most = tostring(plan.max_attempts),
    before = CALL_HEAD .. kind .. '",', after = CALL_TAIL}
  redis.call('HSET', job, 'status', 'queued', 'created_at', iso(now), 'origin', queue, 'description', kind,
    'data', head.before .. payload .. head.after, 'options', options, 'enqueued_at', iso(now),
    'max_attempts', head.most, 'timeout', tostring(plan.timeout), 'result_ttl', tostring(plan.result_ttl))
  for _, name in ipairs({'destination', 'rate', 'hold'}) do
    if plan[name] then redis.call('HSET', job, name, plan[name]) end
  end
  if plan.limit_key then redis.call('HSET', job, 'limit_key', plan.limit_key, 'limit', tostring(plan.limit)) end
  if plan.follow then
    redis.call('HSET', job, 'follow', plan.follow)
    note_follow_ups(root, plan.id, now)
  end
  if quota and tenant_of(plan.options) == quota then
    redis.call('HSET', job, 'quota', quota)
    counts(root, plan.id, quota)
  end
  count(root, queue, 'accepted', 1)
  redis.call('SADD', root .. ':queues', root .. ':queue:' .. queue)
  queue_up(root, plan.id, queue)
  accepted(root, plan.id, head, 'queued', 0, payload, options)
end

-- `follow` are the follow-ups that are still to come. What is called is taken off first: it is called once, whatever
-- becomes of the job later. A dead one may come back and finish; otherwise none can come any more.
local function call_follow_up(root, job, id, how, follow, now)
  local word, state = unpack(CALLS[how] or {})
  local options, attempt, kind, quota = unpack(fields_of(job, 'options', 'attempt', 'description', 'quota'))
  local is_dead = how == 'failed' or how == 'dead on record'
  if is_dead and string.find(follow, 'on_success', 1, true) then redis.call('HSET', job, 'follow', 'on_success')
  else
    redis.call('HDEL', job, 'follow')
    redis.call('ZREM', root .. ':tally:following', id)
  end
  if not word or not string.find(follow, word, 1, true) then return end
  local is_ours, said = pcall(cjson.decode, options or '')
  local plan = is_ours and type(said) == 'table' and type(said.follow) == 'table' and said.follow[word]
  if not plan then return end
  enqueue_follow_up(root, plan, id, told_of(id, kind or '', state, attempt or '0'), quota, now)
end

-- The job has ended: as 'finished', 'failed', 'canceled', 'expired', or in the dead-letter queue as 'resolved' or
-- 'discarded'. As 'over on record' or 'dead on record' it had ended before, and the record has what followed.
-- `waiters`, `follow` and `scope` are those fields of its hash.
local function ended(root, job, id, how, waiters, follow, scope, now)
  tell_waiters(root, id, waiters)
  if scope then scopes.has_ended(root, id, scope, how) end
  if follow then call_follow_up(root, job, id, how, follow, now) end
end

-- `how` it ends is 'canceled', because somebody withdrew it, or 'expired'.
local function cancel_waiting(root, job, id, queue, now, reason, by, how)
  local kind, limit_key, waiters, parked, ttl, follow, scope, gates, quota, passed, attempt = unpack(fields_of(job,
    'description', 'limit_key', 'waiters', 'parked', 'result_ttl', 'follow', 'scope', 'gates', 'quota', 'passed', 'attempt'))
  redis.call('HSET', job, 'status', 'canceled', 'ended_at', iso(now))
  redis.call('HDEL', job, 'parked')
  redis.call('PERSIST', job)
  count(root, queue, 'canceled', 1)
  counts_no_more(root, id, quota)
  keep(root, job, id, queue, 'canceled', ttl, now)
  event_by(root, 'canceled', id, queue, by, reason)
  ended(root, job, id, how, waiters, follow, scope, now)
  leave_held_gate(root, job, id, gates)
  if line_in(parked) then return end
  local gate = passed_in(passed, attempt)
  if gate and is_timed(gate) then leave_the_way(root, gate, id) end
  pass_on_all(root, kind, limit_key, quota)
end
