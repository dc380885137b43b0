-- Gates: what keeps jobs from starting (the pause of their type, a limit), and the lines behind them. Shared by every
-- step; the loader puts it behind `_prelude`.
-- So many come back in their order; so many are looked at in the front of a queue.
local MOST_BACK, FRONT = 50, 50
-- Of gates that time opens: how many may be let through now, by kind. They set their own alarms.
local OPENERS = {}

-- Who is let through these is on the way until he starts, and counts until then.
local function is_timed(gate)
  return OPENERS[string.match(gate, '^%a+')] ~= nil
end

-- Lines with jobs in them, by when `usher` last looked at them; it takes out those with none. Returns 1: it was not known.
local function note_line(root, line)
  local queue, key = string.match(line, '^fair:([^\31]*)\31(.*)$')
  if not queue then return redis.call('ZADD', root .. ':tally:gates', 'NX', 0, line) end
  local turns, at = come_into_turn(root, queue, key)
  return redis.call('ZADD', turns, 'NX', at, key)
end

-- To the front, but behind those who came back before, which step aside for it.
local function come_back(root, key, id, gate)
  local before = 0
  for _, other in ipairs(redis.call('LRANGE', key, 0, MOST_BACK - 1)) do
    if passed_gate(root .. ':job:' .. other) ~= gate then break end
    before = before + 1
  end
  local ids = before > 0 and redis.call('LPOP', key, before) or {}
  local waiting = redis.call('LPUSH', key, id)
  for at = #ids, 1, -1 do waiting = redis.call('LPUSH', key, ids[at]) end
  return waiting
end

-- A job that may not start now waits aside, behind the gate that stopped it, so that the head of
-- its queue stays free and no claim looks at it again before the gate opens. One that was let through and
-- finds the slot taken by a more urgent one is the next again. `options` are those of a job of a fair queue.
local TAKES_TURNS = {type = true, rate = true, breaker = true, frozen = true}
local function park(root, job, id, queue, gate, options)
  local line = line_of(gate, queue)
  local key, passed = root .. ':tally:parked:' .. line, passed_gate(job)
  if passed and is_timed(passed) then leave_the_way(root, passed, id, passed == gate) end
  local in_turn = options and TAKES_TURNS[string.match(gate, '^%a+')]
  local waiting = passed == gate and come_back(root, key, id, gate) or in_turn and put_in_turn(root, line, id, queue, options)
    or redis.call('RPUSH', key, id)
  if waiting == 1 then note_line(root, line) end
  redis.call('HSET', job, 'parked', line)
  count(root, queue, 'parked', 1)
end

-- Whether there was such a job. `stamp` is now, as text.
local function let_through(root, id, gate, stamp)
  local job = root .. ':job:' .. id
  local queue, status, attempt = unpack(fields_of(job, 'origin', 'status', 'attempt'))
  if not status then leave_unseen(root, id) end
  if status ~= 'queued' then drop(root, id, queue, status) return false end
  redis.call('HDEL', job, 'parked')
  -- Of a pause very many come back at once; should it be said again meanwhile, they keep their order as it is.
  if string.sub(gate, 1, 7) ~= 'paused:' then
    redis.call('HSET', job, 'passed', gate .. BLOCK .. (attempt or '0'), 'passed_at', stamp)
  end
  count(root, queue, 'parked', -1)
  -- In a fair queue all of a pause would go before every line.
  if string.sub(gate, 1, 7) == 'paused:' and line_up(root, id, queue, true) then ring(root, lane_of(queue), 1)
  else to_queue(root, id, queue, true) end
  return true
end

-- `open` are those who may go, where they are not simply the first.
local function off_line(key, wanted, is_all, open)
  if wanted == 0 then return {} end
  if not open then return redis.call(is_all and 'RPOP' or 'LPOP', key, wanted) or {} end
  local ids = {}
  for at = 1, wanted do
    ids[at] = open[at]
    redis.call('LREM', key, 1, open[at])
  end
  return ids
end

-- Where all of a line go the last ones go first, so that those who follow in the next call come before.
local function leave_line(root, key, gate, wanted, is_all, open)
  local ids, through, stamp = off_line(key, wanted, is_all, open), {}, wanted > 0 and text_of(now_ms())
  for at = 1, #ids do
    local id = ids[is_all and at or #ids + 1 - at]
    if let_through(root, id, gate, stamp) then through[#through + 1] = id end
  end
  if #through > 0 and is_timed(gate) then set_on_the_way(root, gate, through) end
  return #through
end

-- Lets the next `room` jobs behind a gate, at most `most` in this call, back to the front of their queues in their order.
local function unpark(root, gate, room, most)
  local keys, moved, wanted = {line_keys(root, gate)}, 0, math.min(room, most)
  local waiting, all, open, is_all = choice.waiting_to_go(root, gate, room, wanted)
  while moved < wanted and all > 0 do
    for at, some in ipairs(choice.share(root, gate, waiting, math.min(wanted - moved, all))) do
      moved = moved + leave_line(root, keys[at], gate, some, is_all, open and open[at])
    end
    if moved < wanted then waiting, all, open = choice.waiting_to_go(root, gate, room - moved, wanted - moved) end
  end
  return moved
end

-- Of a call at most so many: the server stands still meanwhile. Returns how many were let through, and how much room that
-- leaves to the next call (nil: none, or nobody is left), whose `owed` it is then: who is on the way holds no slot yet, and
-- would be let through for once more.
local MOST_THROUGH = 1000
function choice.let_some(root, gate, room, owed)
  room = math.min(room, owed or math.huge)
  local moved = unpark(root, gate, room, MOST_THROUGH)
  return moved, moved == MOST_THROUGH and room > moved and room - moved or nil
end

local function first_behind(root, gate)
  for _, key in ipairs({line_keys(root, gate)}) do
    local id = redis.call('LINDEX', key, 0)
    if id then return id end
  end
end

-- How many jobs of a key may run at once: as an operator says (0: as many as can), or else as the job does.
local function limit_of_key(root, key, own)
  local said = tonumber(redis.call('HGET', root .. ':tally:key_limits', key) or nil)
  return said == 0 and math.huge or said or tonumber(own or nil)
end

local function limit_key(root, key, value)
  if value == '' then redis.call('HDEL', root .. ':tally:key_limits', key)
  else redis.call('HSET', root .. ':tally:key_limits', key, value) end
end

-- How many more may start behind a gate. A type's limit is the deployment's, a tenant's its quota's, a key's the next job's.
local function room_at(root, gate)
  local kind, name = string.match(gate, '^(%a+):(.*)$')
  if OPENERS[kind] then return OPENERS[kind](root, gate) end
  local limit
  if kind == 'type' then limit = redis.call('HGET', root .. ':tally:limits', name)
  elseif kind == 'tenant' then limit = (quota_of(root, name) or {}).running
  else
    local first = first_behind(root, gate)
    limit = first and limit_of_key(root, name, fields_of(root .. ':job:' .. first, 'limit')[1])
  end
  return (tonumber(limit or nil) or math.huge) - redis.call('SCARD', root .. ':tally:holders:' .. gate)
end

-- For so long (ms) a queue counts as one that nobody serves; meanwhile `usher` looks again.
local LEFT_ALONE = 30000

local function leave_alone(root, queue, now)
  if is_closed(root, queue) then return end
  redis.call('ZADD', root .. ':tally:left_alone', now + LEFT_ALONE, queue)
  redis.call('PEXPIRE', root .. ':tally:left_alone', LEFT_ALONE)
end

-- Whoever was let through is at the front of a queue until he is claimed, and sends the next one when he
-- ends: nobody is sent after him. Where he stands for long nobody serves that queue, or its workers are all busy.
local function is_in_front(root, queue, gate, field)
  local is_there, now, name = false, now_ms(), string.match(gate, '^%a+:(.*)$')
  for _, id in ipairs(redis.call('LRANGE', root .. ':queue:' .. queue, 0, FRONT - 1)) do
    local value, passed, attempt, since = unpack(fields_of(root .. ':job:' .. id, field, 'passed', 'attempt', 'passed_at'))
    is_there = is_there or value == name
    if value == name and passed_in(passed, attempt) == gate and (tonumber(since or nil) or now) <= now - PATIENCE then
      leave_alone(root, queue, now)
      return true
    end
  end
  return is_there
end

-- The queues in whose front it is looked for one: those of the lanes from which the next ones come.
local function queues_ahead(root, ...)
  local queues = {}
  for at = 1, select('#', ...) do
    local id = select(at, ...)
    local lane = id and string.match(fields_of(root .. ':job:' .. id, 'origin')[1] or '', ':.*$') or ''
    for _, priority in ipairs({'high', 'normal', 'low'}) do queues[priority .. lane] = true end
  end
  return queues
end

-- One who stands in a queue where nothing starts now does not count while another of the gate could start. `look` says how far
-- behind it is looked for that one.
local function is_on_the_way(root, kind, gate, look)
  local field, ahead, known = ({type = 'description', tenant = 'quota'})[kind] or 'limit_key', {}, {}
  local open = choice.look_for_open(root, gate, look)
  local queues = queues_ahead(root, first_behind(root, gate), open and (open[1][1] or open[2][1] or open[3][1]))
  for queue in pairs(queues) do
    if is_in_front(root, queue, gate, field) then ahead[#ahead + 1] = queue end
  end
  open = #ahead > 0 and choice.look_for_open(root, gate, look)
  for _, queue in ipairs(ahead) do
    if not (open and choice.is_shut(root, queue, known)) then return true end
  end
  return false
end

-- Whoever gives a slot back, or was let through for one and does not take it, sends the next for it.
local function pass_on(root, gate)
  if redis.call('EXISTS', line_keys(root, gate)) > 0 and room_at(root, gate) > 0 then
    unpark(root, gate, 1, 1)
  end
end

local function pass_on_all(root, kind, limit_key, tenant, but)
  local gates = kind and {'type:' .. kind} or {}
  if limit_key then gates[#gates + 1] = 'key:' .. limit_key end
  if tenant then gates[#gates + 1] = 'tenant:' .. tenant end
  for _, gate in ipairs(gates) do
    if gate ~= but then pass_on(root, gate) end
  end
end

-- The gate whose place a job keeps until it has ended, through retries and waits: the line 'hold:<gate>' among its gates says
-- so.
local function held_gate(gates)
  if not gates or gates == '' then return nil end
  return string.match('\n' .. gates, '\nhold:([^\n]+)')
end

-- Gives back the concurrency slots a job held, but for the one that it keeps.
local function leave_gates(root, job, id, gates)
  if not gates or gates == '' then return end
  local kept = held_gate(gates)
  if kept then redis.call('HSET', job, 'gates', kept .. '\nhold:' .. kept) else redis.call('HDEL', job, 'gates') end
  for gate in string.gmatch(gates, '[^\n]+') do
    if gate ~= kept and gate ~= 'hold:' .. (kept or '') then
      redis.call('SREM', root .. ':tally:holders:' .. gate, id)
      pass_on(root, gate)
    end
  end
end

-- Gives that one back too: the job has ended.
local function leave_held_gate(root, job, id, gates)
  local kept = held_gate(gates)
  if not kept then return end
  redis.call('HDEL', job, 'gates')
  redis.call('SREM', root .. ':tally:holders:' .. kept, id)
  pass_on(root, kept)
end

-- A job that is made again from the record takes its place once more if it had started, while there is one: who came back from
-- among the dead had given his away.
local function hold_again(root, id, key, limit, had_started, add)
  local gate = 'key:' .. key
  add('hold', '1')
  if had_started and redis.call('SCARD', root .. ':tally:holders:' .. gate) < limit_of_key(root, key, limit) then
    redis.call('SADD', root .. ':tally:holders:' .. gate, id)
    add('gates', gate .. '\nhold:' .. gate)
  end
end

-- Whoever holds a slot runs, or keeps it until the end. One whose job was deleted would hold it for ever. Of many holders some
-- are looked at, others at the next look. `seen` are the gates of this call that were looked at, `coming` those of whom a claim
-- knows that they start.
local MOST_HOLDERS = 50
local MAY_KEEP = {queued = true, scheduled = true, deferred = true}
local function drop_gone_holders(root, gate, seen, coming)
  local holders = root .. ':tally:holders:' .. gate
  if seen[gate] then return end
  seen[gate] = true
  for _, id in ipairs(redis.call('SRANDMEMBER', holders, MOST_HOLDERS)) do
    local status, gates = unpack(fields_of(root .. ':job:' .. id, 'status', 'gates'))
    local is_there = status == 'started' or (MAY_KEEP[status] and held_gate(gates) == gate) or (coming and coming[id])
    if not is_there then redis.call('SREM', holders, id) end
  end
end

local function leave_gate(root, id, gate)
  if redis.call('SREM', root .. ':tally:holders:' .. gate, id) == 1 then pass_on(root, gate) end
end

-- A job that a foreign hand deleted cannot tell which slots it held: it leaves those of every limited type,
-- and of the limits that jobs wait behind. Any other is found by `usher` when a job waits behind it.
local function leave_every_gate(root, id)
  local limits = redis.call('HGETALL', root .. ':tally:limits')
  for at = 1, #limits, 2 do leave_gate(root, id, 'type:' .. limits[at]) end
  for _, line in ipairs(redis.call('ZRANGE', root .. ':tally:gates', 0, 499)) do leave_gate(root, id, gate_of(line)) end
end
