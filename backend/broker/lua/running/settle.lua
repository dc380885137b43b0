-- flags: allow-oom
-- Writes how attempts ended. Only the holder of a job's lease may; the same outcome twice is one.
-- KEYS[1]  ROOT
-- ARGV     eight an outcome: id, fence, kind, delay (ms), body (JSON: the result, or the error), RQ's
--          result entry ('': none; base64 of the result, or of the compressed traceback), run (ms),
--          what the handler logged (JSON, '': nothing)
-- Kinds    finished · retried · snoozed · failed · poisoned (failed, and counted as poison) · released ·
--          canceled · crashed (poisoned, when it spends the last attempt) · suspected · returned (its
--          handler never began: as if it had not been claimed; with a delay it waits for so long). Of one that did
--          not reach its destination: kind!rule!how long (ms) that asked to be left alone!words
-- Returns  one an outcome: 1 settled, 2 settled before by this lease (of one that put the job back: in the same way), 0 the
--          lease is lost (refused)
local requeued = {released = true, returned = true, crashed = true, suspected = true}
local counted = {retried = true, failed = true, crashed = true}

local function leave_result(root, id, kind, result, worker)
  if result == '' then return end
  local ok = kind == 'finished'
  redis.call('XADD', root .. ':results:' .. id, 'MAXLEN', '10', '*',
    'type', ok and 1 or (kind == 'retried' and 4 or 2),
    ok and 'return_value' or 'exc_string', result, 'worker_name', worker)
end

-- What a foreign hand left that counts nothing counts as none: a step that broke at it would leave the attempt without an end.
local function add_to(job, what, by)
  local sum = redis.pcall('HINCRBY', job, what, by)
  if type(sum) == 'number' then return sum end
  sum = math.max(by, 0)
  redis.call('HSET', job, what, sum)
  return sum
end

-- What the job's hash says after an attempt that did not finish it. Returns the kind that holds:
-- a crash that spends the last attempt is a failure, by poison.
local function charge(job, kind, f, body)
  if body ~= '' and kind ~= 'released' and kind ~= 'finished' then redis.call('HSET', job, 'error', body) end
  if kind == 'suspected' then
    redis.call('HSET', job, 'suspect', '1')
    add_to(job, 'suspicions', 1)
  end
  if not counted[kind] then return kind end
  local failures = add_to(job, 'failures', 1)
  if kind ~= 'crashed' then return kind end
  redis.call('HSET', job, 'suspect', '1')
  return failures >= (tonumber(f[6] or nil) or tonumber(ABSENT.max_attempts)) and 'failed' or kind
end

-- Puts back what the claim wrote over. `returns` tells who looks twice that it was away in between.
local function take_back(job)
  local before = redis.call('HGET', job, 'before')
  add_to(job, 'attempt', -1)
  add_to(job, 'returns', 1)
  redis.call('HDEL', job, 'started_at', 'worker_name', 'last_heartbeat')
  if not before then return end
  local at = {string.match(before, '^([^\31]*)\31([^\31]*)\31([^\31]*)\31(.*)$')}
  for place, name in ipairs({'started_at', 'worker_name', 'ended_at', 'progress'}) do
    if at[place] ~= '' then redis.call('HSET', job, name, at[place]) end
  end
end

local function settled_as(fence, said)
  return fence .. '/' .. string.match(said, '^%a*')
end

-- What `settle` notes of an outcome that puts the job back goes with what is written anyway.
local function move(root, job, id, queue, kind, delay, f, now, no_results)
  local settled = f.said and settled_as(f[2], f.said) or ''
  if kind == 'finished' or kind == 'canceled' then
    redis.call('HSET', job, 'status', kind, 'ended_at', iso(now))
    count(root, queue, kind, 1)
    local unique_until = kind == 'finished' and f[11] or nil
    keep(root, job, id, queue, kind, f[5], now, no_results, unique_until)
  elseif kind == 'failed' then
    bury(root, job, id, queue, now)
  elseif kind == 'returned' and delay > 0 then
    redis.call('HSET', job, 'status', 'scheduled', 'fence', '', 'settled', settled)
    schedule(root, id, queue, now + delay)
  elseif kind == 'returned' then
    redis.call('HSET', job, 'status', 'queued', 'fence', '', 'settled', settled)
    to_queue(root, id, queue, true)
  elseif requeued[kind] then
    redis.call('HSET', job, 'status', 'queued', 'fence', '', 'settled', settled, 'enqueued_at', iso(now))
    to_queue(root, id, queue, true)
  else
    redis.call('HSET', job, 'status', 'scheduled', 'fence', '', 'settled', settled, 'ended_at', iso(now))
    schedule(root, id, queue, now + math.max(delay, 1))
  end
end

-- Also the last step of `rescue`, which ends the attempts of workers that cannot do so themselves. Returns the kind that holds.
local function end_attempt(root, id, fence, kind, delay, body, result, run, log, f, now)
  local job, queue = root .. ':job:' .. id, f[3]
  leave_gates(root, job, id, f[7])
  local asked, has_begun = f[9], kind ~= 'returned'
  if not has_begun then take_back(job) end
  if asked and (requeued[kind] or kind == 'retried' or kind == 'snoozed') then kind = 'canceled' end
  local word = kind
  kind = charge(job, word == 'poisoned' and 'failed' or word, f, body)
  -- Of one that is over for good it stays what its start said of its line, which saves a command.
  if kind == 'retried' or kind == 'snoozed' then redis.call('HDEL', job, 'before', 'parked', 'suspicions')
  elseif kind ~= 'finished' and kind ~= 'canceled' then redis.call('HDEL', job, 'before', 'parked')
  elseif (tonumber(f[10] or nil) or 0) > 1 then redis.call('HDEL', job, 'before') end
  if kind == 'failed' and word ~= 'failed' then count(root, queue, 'poisoned', 1) end
  leave_result(root, id, kind, result, f[4])
  -- Not before: of one at which the step breaks the attempt goes on, and somebody must look after it.
  unlease(root, id, queue, fence)
  move(root, job, id, queue, kind, delay, f, now, result == '' and f[10] == '1')
  if kind == 'returned' and delay > 0 then
    event(root, 'snoozed', id, queue, f[4], nil, '\31\31' .. now + delay .. FIELD .. body .. '\31\31\31' .. fence)
  elseif not has_begun then
    event(root, kind == 'returned' and 'released' or kind, id, queue, f[4], nil, '\31\31\31\31\31\31' .. fence)
  else
    event(root, kind, id, queue, f[4], fence, f[10] .. FIELD .. run .. FIELD .. (delay > 0 and now + delay or '')
      .. FIELD .. body .. (log ~= '' and FIELD .. log or ''))
  end
  if kind == 'finished' or kind == 'failed' or kind == 'canceled' then
    ended(root, job, id, kind, f[8], f[12], f[14], now)
    leave_held_gate(root, job, id, f[7])
  else
    counts(root, id, f[15])
    if f[14] and has_begun then scopes.has_started(root, id, f[14]) end
  end
  return kind
end

-- The end of an attempt, once its destination's breaker has heard of it: given back, if that is away.
local function of_its_destination(root, kind, delay, result, f, now)
  local word, said = string.match(kind, '^(%a+)!?(.*)$')
  local holds = f[13] and judge(root, f[13], word, said ~= '' and said or nil, f[7], now) or word
  if holds ~= word then return holds, 0, '' end
  return word, delay, result
end

local ATTEMPT = {'status', 'fence', 'origin', 'worker_name', 'result_ttl', 'max_attempts', 'gates', 'waiters',
  'cancel', 'attempt', 'unique_until', 'follow', 'destination', 'scope', 'quota', 'settled'}

local function settle(keys, argv)
  local root, now, replies = keys[1], now_ms(), {}
  for at = 1, #argv, 8 do
    local id, fence = argv[at], argv[at + 1]
    local f = fields_of(root .. ':job:' .. id, unpack(ATTEMPT))
    local reply = 0
    if f[2] == fence then
      reply = 2
      if f[1] == 'started' then
        local kind, delay, result = argv[at + 2], tonumber(argv[at + 3]), argv[at + 5]
        if kind ~= 'finished' then f.said = kind end
        if f[13] or kind ~= 'finished' and string.find(kind, '!', 1, true) then
          kind, delay, result = of_its_destination(root, kind, delay, result, f, now)
        end
        end_attempt(root, id, fence, kind, delay, argv[at + 4], result, argv[at + 6], argv[at + 7], f, now)
        reply = 1
      end
    elseif f[16] and f[16] == settled_as(fence, argv[at + 2]) then reply = 2
    elseif not f[1] then leave_every_gate(root, id) end
    replies[#replies + 1] = reply
  end
  return replies
end
