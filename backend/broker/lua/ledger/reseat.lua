-- flags: allow-oom
-- Puts a job where its state belongs, exactly once, and takes it out of everywhere else. Done only if the
-- job is still as the ledger saw it. A job without a hash is only taken out.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- ARGV[2]  status as seen ('': no hash)
-- ARGV[3]  fence as seen ('': none)
-- ARGV[4]  the state it shall be in: as seen, or what the record says
-- ARGV[5]  due (ms), if it is to be scheduled and no schedule has it
-- ARGV[6]  lease (ms) of a started job that has none: its worker renews it, or it is rescued
-- ARGV[7]  queue, if the record knows it, of a job without a hash or that is brought to what the record says, and
-- ARGV[8]  fence of its last attempt, for what is left of them
-- ARGV[9…] places that were seen to hold it: 'queue:<name>', 'parked:<line>', 'holders:<gate>'
-- Returns  1 done, 0 left alone
local function leave_line_behind(root, id, line, unknown)
  local left = redis.call('LREM', root .. ':tally:parked:' .. line, 0, id)
  -- Without a hash it does not say that it waits there, and was counted there all the same.
  if left > 0 and unknown and unknown ~= '' then leave_line_of(root, unknown, line) end
end

-- `unknown` is the queue of a job without a hash.
local function leave_places(root, id, own, runs, kept, argv, unknown)
  for at = 9, #argv do
    local kind, name = string.match(argv[at], '^(%a+):(.*)$')
    if kind == 'queue' and argv[at] ~= own then redis.call('LREM', root .. ':queue:' .. name, 0, id)
    elseif kind == 'parked' and argv[at] ~= own then leave_line_behind(root, id, name, unknown)
    elseif kind == 'holders' and not runs and name ~= kept then
      redis.call('SREM', root .. ':tally:holders:' .. name, id)
      pass_on(root, name)
    end
  end
end

local function list_once(root, own, id)
  local line = string.match(own, '^parked:(.*)$')
  local list = root .. (line and ':tally:' or ':') .. own
  if line then note_line(root, line) end
  local at = redis.call('LPOS', list, id, 'COUNT', 0)
  if #at == 0 then redis.call('LPUSH', list, id)
  elseif #at > 1 then redis.call('LREM', list, 1 - #at, id) end
  if list == root .. ':' .. own then ring(root, lane_of(string.sub(own, 7)), 1) end
end

-- Into the queue that the record tells: somebody moved it, of which Redis knows nothing.
local function moved(root, job, queue, target, home)
  if target == 'started' or home == '' or home == queue then return queue end
  redis.call('HSET', job, 'origin', home)
  redis.call('SADD', root .. ':queues', root .. ':queue:' .. home)
  count(root, queue, 'accepted', -1)
  count(root, home, 'accepted', 1)
  return home
end

local function become(root, job, id, was_in, f, target, now, home)
  redis.call('HDEL', job, 'parked')
  if f[4] then leave_line_of(root, was_in, f[4]) end
  -- What another program failed is counted nowhere.
  if f[1] == 'failed' and redis.call('ZSCORE', root .. ':tally:dead', id) then count(root, was_in, 'failed', -1) end
  local queue = moved(root, job, was_in, target, home)
  if target == 'failed' then
    bury(root, job, id, queue, now)
    ended(root, job, id, 'dead on record', f[5], f[9], f[10], now)
    return queue
  end
  redis.call('HSET', job, 'status', target)
  redis.call('PERSIST', job)
  if target == 'finished' or target == 'canceled' then
    redis.call('HSET', job, 'ended_at', iso(now))
    count(root, queue, target, 1)
    keep(root, job, id, queue, target, f[7], now, false, target == 'finished' and f[13] or nil)
    ended(root, job, id, 'over on record', f[5], f[9], f[10], now)
  elseif target == 'queued' then redis.call('HSET', job, 'enqueued_at', iso(now), 'fence', '') end
  -- What a stock RQ worker leaves that took it off its queue.
  if target ~= 'queued' then return queue end
  redis.call('ZREM', root .. ':failed:' .. was_in, id)
  redis.call('HDEL', job, 'ended_at', 'exc_info')
  -- It compressed the call: this says that the job is ours all the same (`is_foreign`).
  if not f[8] then redis.call('HSET', job, 'options', ABSENT.options) end
  if (tonumber(f[6]) or 0) == 0 then redis.call('HDEL', job, 'started_at', 'worker_name', 'last_heartbeat') end
  return queue
end

local function be_started(root, id, queue, fence, lease, now)
  redis.call('ZADD', root .. ':tally:leases', 'NX', now + lease, id)
  redis.call('ZADD', root .. ':wip:' .. queue, '+inf', id .. ':' .. fence)
end

local function be_dead(root, id, is_dead, now)
  local dlq, dead = root .. ':failed:dlq', root .. ':tally:dead'
  if is_dead then
    redis.call('ZADD', dlq, '+inf', id)
    redis.call('ZADD', dead, 'NX', now, id)
    redis.call('SADD', root .. ':queues', root .. ':queue:dlq')
  else
    redis.call('ZREM', dlq, id)
    redis.call('ZREM', dead, id)
  end
end

local function reseat(keys, argv)
  local root, id, target, now = keys[1], argv[1], argv[4], now_ms()
  local job = root .. ':job:' .. id
  local f = fields_of(job, 'status', 'fence', 'origin', 'parked', 'waiters', 'attempt', 'result_ttl', 'options',
    'follow', 'scope', 'gates', 'quota', 'unique_until')
  if (f[1] or '') ~= argv[2] or (f[2] or '') ~= argv[3] then return 0 end
  f[4] = line_in(f[4])
  local queue, fence, own = f[3] or argv[7], f[1] and argv[3] or argv[8], ''
  local was_in = queue
  if f[1] and target ~= f[1] then queue = become(root, job, id, queue, f, target, now, argv[7]) f[4] = false end
  if target == 'queued' then own = f[4] and 'parked:' .. f[4] or 'queue:' .. queue end
  -- What it keeps until it has ended it keeps, unless it has.
  local kept = MAY_KEEP[target] and held_gate(f[11])
  if target ~= f[1] then leave_gates(root, job, id, f[11]) end
  if not kept and target ~= 'started' then leave_held_gate(root, job, id, f[11]) end
  leave_places(root, id, own, target == 'started', kept, argv, not f[1] and queue)
  if target == 'queued' or target == 'scheduled' then counts(root, id, f[12]) else counts_no_more(root, id, f[12]) end
  if own ~= '' then list_once(root, own, id) end
  redis.call('ZREM', root .. ':tally:foreign', id)
  local due = redis.call('ZSCORE', root .. ':scheduler:scheduled_jobs', id)
  if target == 'scheduled' then schedule(root, id, queue, due and tonumber(due) * 1000 or tonumber(argv[5]))
  else unschedule(root, id, was_in) end
  if target == 'started' then be_started(root, id, queue, fence, tonumber(argv[6]), now)
  else unlease(root, id, was_in, fence) end
  be_dead(root, id, target == 'failed', now)
  return 1
end
