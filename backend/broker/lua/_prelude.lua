-- Shared by every step; the loader puts it in front of them. KEYS[1] of each function is ROOT, the
-- deployment's key prefix: every key starts with it, so that braces in it keep all in one hash slot.
-- Times are milliseconds of the server's clock unless a name says otherwise.

local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- RQ writes instants as ISO 8601 in UTC. Civil date from day number: Howard Hinnant's algorithm.
local function iso_to_the_second(secs)
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
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.', year, month,
    doy - math.floor((153 * mp + 2) / 5) + 1, math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60)
end

-- The text of an instant is kept, for all jobs of a call have the same; and that of a second, for most calls need only
-- other milliseconds than the one before.
local second_of, second_text, instant_of, instant_text
local function iso(ms)
  if ms == instant_of then return instant_text end
  local secs = math.floor(ms / 1000)
  if secs ~= second_of then second_of, second_text = secs, iso_to_the_second(secs) end
  instant_of, instant_text = ms, second_text .. string.format('%03d000Z', ms % 1000)
  return instant_text
end

-- A whole number as text, kept while there are few: a number that Redis is given it prints itself, digit by digit as if it had
-- a fraction, each time anew.
local texts, texts_kept = {}, 0
local function text_of(number)
  local text = texts[number]
  if text then return text end
  if texts_kept >= 100 then texts, texts_kept = {}, 0 end
  text = string.format('%.0f', number)
  texts[number], texts_kept = text, texts_kept + 1
  return text
end

-- What a step writes to the same key for many jobs is gathered and sent once: most of a step's time
-- goes into single commands.
local gathered, tallied
-- How far, at most, Redis went through lists in this step; it serves nobody else meanwhile.
local walked, MOST_WALKED = 0, 1000000

local function begin()
  gathered, tallied, walked = {}, {}, 0
  begin_history()
end

-- At most three words at a time, by name: to go through as many as there are costs more than to send them.
local function gather(command, key, one, two, three)
  local call = gathered[key]
  if not call then call = {command, key} gathered[key] = call end
  local at = #call
  call[at + 1], call[at + 2], call[at + 3] = one, two, three
end

-- One write that Redis refuses keeps no other from being written; the first refusal is returned.
local function flush()
  local refused
  if events > 0 then
    local ok, fault = pcall(write_line)
    refused = not ok and fault or nil
  end
  for _, call in pairs(gathered) do
    local reply = redis.pcall(unpack(call))
    refused = refused or (type(reply) == 'table' and reply.err and reply)
  end
  for key, numbers in pairs(tallied) do
    for what, by in pairs(numbers) do
      local reply = redis.pcall('HINCRBY', key, what, by)
      refused = refused or (type(reply) == 'table' and reply.err and reply)
    end
  end
  return refused
end

-- Redis takes nothing back of a step that breaks half-way. So what it gathered until then is written
-- too (a started job must not be without its lease), and only then the caller hears of it.
local function run(step, keys, argv)
  begin()
  local ok, reply = pcall(step, keys, argv)
  local refused = flush()
  if not ok then error(reply, 0) end
  if refused then error(refused, 0) end
  return reply
end

-- What a field means that a lean hash leaves out; `absent_fields.py` says the same.
local ABSENT = {options = '{}', max_attempts = '4', timeout = '180', result_ttl = '3600'}

-- Fields of a job's hash. What is no hash is no job: a key that a foreign hand put there must not stop
-- the step for the others.
local function fields_of(job, ...)
  local f = redis.pcall('HMGET', job, ...)
  if f.err then
    f = {}
    for at = 1, select('#', ...) do f[at] = false end
  end
  return f
end

-- In which line a job says that it waits aside; nil: in none. Who started out of the line of a fair queue says '' until
-- his attempt ends.
local function line_in(parked)
  return parked and parked ~= '' and parked or nil
end

-- How the call begins in every job of ours, which RQ, if it ever writes one again, compresses. RQ leaves our own
-- fields alone then, and gives none of them to jobs of its own.
local OUR_PRIORITIES = {high = true, normal = true, low = true}
local OUR_CALL = '["workers.runtime.trampoline.run",'
local function is_foreign(data, ...)
  if data and string.sub(data, 1, #OUR_CALL) == OUR_CALL then return false end
  for at = 1, select('#', ...) do if (select(at, ...)) then return false end end
  return true
end

-- A job that was not enqueued by us waits aside, untouched, until somebody says where it belongs (`give_back`).
local function set_apart(root, id, now)
  redis.call('ZADD', root .. ':tally:foreign', 'NX', now, id)
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

local function priority_of(queue)
  return string.match(queue, '^[^:]+')
end

local function count(root, queue, what, by)
  local key = root .. ':tally:counts:' .. queue
  local numbers = tallied[key]
  if not numbers then numbers = {} tallied[key] = numbers end
  numbers[what] = (numbers[what] or 0) + by
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

-- Takes one out of a list, wherever it stands there: how many were.
local function take_out(list, id)
  walked = walked + redis.call('LLEN', list)
  return redis.call('LREM', list, 1, id)
end

-- The caller says the others once more.
local function has_walked_enough()
  return walked >= MOST_WALKED
end

local function drop(root, id, queue, why)
  event_by(root, 'dropped', plain(id), plain(queue or ''), '', why or 'no hash')
end

-- What an operator said last of one thing: of what holds and of what was lifted again (no value), each with
-- a version. The record keeps the same controls, and the higher version holds. Versions are microseconds, for a
-- number in Lua has no room for those of events, and text in JSON, which would round them.
-- What is no JSON of ours was put there by a foreign hand, and says nothing.
local function json_of(key, name)
  local text = redis.call('HGET', key, name)
  local is_ours, fields = pcall(cjson.decode, text or '')
  return is_ours and type(fields) == 'table' and fields or nil
end

local function control_of(root, name)
  local control = json_of(root .. ':tally:controls', name)
  return control and tonumber(control.version) and control or nil
end

local function keep_control(root, name, control)
  local newest = root .. ':tally:controls_version'
  redis.call('HSET', root .. ':tally:controls', name, cjson.encode(control))
  if tonumber(control.version) > tonumber(redis.call('GET', newest) or '0') then
    redis.call('SET', newest, control.version)
  end
end

-- Never lower than one before it, so that a clock that was set back takes nobody's word away.
local function note_control(root, name, value, by, reason)
  local now, newest = now_ms(), tonumber(redis.call('GET', root .. ':tally:controls_version') or '0')
  keep_control(root, name, {value = value, by = by or '', reason = reason or '', since = now,
    version = string.format('%.0f', math.max(now * 1000, newest + 1))})
end

-- What workers obey, and what people read beside it.
local function mark_paused(root, what, by, reason, since)
  redis.call('HSET', root .. ':tally:pauses', what, cjson.encode({by = by, reason = reason, since = since}))
  return redis.call('SADD', root .. ':tally:paused', what)
end

local function mark_resumed(root, what)
  redis.call('HDEL', root .. ':tally:pauses', what)
  return redis.call('SREM', root .. ':tally:paused', what)
end

local function limit_type(root, kind, most)
  if most > 0 then redis.call('HSET', root .. ':tally:limits', kind, string.format('%.0f', most))
  else redis.call('HDEL', root .. ':tally:limits', kind) end
end

-- Ends a lease: out of our leases, out of RQ's started registry.
local function unlease(root, id, queue, fence)
  gather('ZREM', root .. ':tally:leases', id)
  gather('ZREM', root .. ':wip:' .. queue, id .. ':' .. fence)
end

local WAITING = {queued = true, scheduled = true, deferred = true}

-- It is canceled when a worker comes to it: who is answered with it would never run. One that has begun goes on by its rules.
local function has_expired(status, expires_at, attempt)
  return WAITING[status] and expires_at and (attempt or '0') == '0' and tonumber(expires_at) <= now_ms()
end

-- The job that a key belongs to. The key of a job that was withdrawn, that has expired or is gone, is free.
local function holder_of(root, unique)
  local id = unique ~= '' and redis.call('GET', root .. ':tally:unique:' .. unique)
  if not id then return nil end
  local status, expires_at, attempt = unpack(fields_of(root .. ':job:' .. id, 'status', 'expires_at', 'attempt'))
  return status and status ~= 'canceled' and not has_expired(status, expires_at, attempt) and id or nil
end

-- Of a job that is made again from the record: its key stands for it for what is `left` (ms).
local function hold_key(root, id, key, left)
  if left > 0 and not holder_of(root, key) then
    redis.call('SET', root .. ':tally:unique:' .. key, id, 'PX', string.format('%.0f', left))
  end
end

-- A job that was accepted without a key or an id of its caller's has no digest, but its contents.
local function conflict_with(root, id, kind, data, digest)
  if digest == '' then return nil end
  local f = fields_of(root .. ':job:' .. id, 'digest', 'description', 'data', 'created_at', 'asked:' .. digest)
  if f[1] == digest or f[5] or (not f[1] and f[2] == kind and f[3] == data) then return nil end
  return {id, f[4] or ''}
end
