-- Who was let through a gate that time opens (a rate, a breaker) and did not start yet: until then he counts there, or more
-- would be sent than may start while all workers are busy. Shared by every step; `_gates` builds on it. `on_the_way:<gate>` has
-- them by when (ms) they were let through. After PATIENCE one counts no more, for it may be that nobody serves his queue: he
-- starts all the same when a worker comes to him, and is asked for tokens and places then, as everybody is. Whoever is
-- withdrawn says so; of any others who never come the oldest are looked at. Earlier releases kept a set without those moments,
-- `passed:<gate>`. Who is in there counts no more.
local PATIENCE = 60000

-- The gate that a job was let through last, if it did not start since.
local function passed_in(passed, attempt)
  local gate, before = string.match(passed or '', '^(.*)' .. BLOCK .. '(.*)$')
  return before == (attempt or '0') and gate or nil
end

local function passed_gate(job)
  return passed_in(unpack(fields_of(job, 'passed', 'attempt')))
end

local arm, way_of, set_on_the_way, leave_the_way, forget_the_way, on_the_way, watch
do
  -- So many are looked at, and so many dropped, in one look; none comes sooner after another (ms).
  local LOOKED_AT, DROPPED, SOON = 100, 500, 50
  -- Of a queue so many are asked whether it is served.
  local IN_FRONT = 20

  -- Never later than it is set already: who comes and is put aside would put it off for all who wait, and while jobs come in
  -- one after another nobody would start. One that rings too soon is set again.
  function arm(root, gate, at)
    local alarms = root .. ':tally:alarms'
    redis.call('ZADD', alarms, 'LT', at, gate)
    if redis.call('ZRANGE', alarms, 0, 0)[1] == gate then ring(root, 'scheduler', 1) end
  end

  function way_of(root, gate)
    return root .. ':tally:on_the_way:' .. gate
  end

  -- The key ends by itself when the last of them counts no more.
  function set_on_the_way(root, gate, ids)
    local now, key, pairs_of = now_ms(), way_of(root, gate), {}
    for at, id in ipairs(ids) do pairs_of[2 * at - 1], pairs_of[2 * at] = now, id end
    redis.call('ZADD', key, unpack(pairs_of))
    redis.call('EXPIRE', key, PATIENCE / 1000)
  end

  -- He does not start by it: his place is the next one's, unless he is the next again.
  function leave_the_way(root, gate, id, is_next)
    if redis.call('ZREM', way_of(root, gate), id) == 1 and not is_next then arm(root, gate, now_ms()) end
  end

  function forget_the_way(root, gate)
    redis.call('DEL', way_of(root, gate), root .. ':tally:passed:' .. gate)
  end

  local function is_coming(root, id, frozen)
    local status, queue, parked = unpack(fields_of(root .. ':job:' .. id, 'status', 'origin', 'parked'))
    return status == 'queued' and queue and not line_in(parked)
      and redis.call('SISMEMBER', root .. ':tally:paused', 'queue:' .. queue) == 0
      and redis.call('SISMEMBER', root .. ':tally:paused', 'lane:' .. lane_of(queue)) == 0
      and not frozen['queue:' .. queue] and not frozen['lane:' .. lane_of(queue)] and queue
  end

  -- Nobody serves a queue in front of which one stands who counts no more: those who follow him there do not count at all, or
  -- each of them would hold up the other queues for as long again.
  local function is_left_alone(root, gate, queue)
    for _, id in ipairs(redis.call('LRANGE', root .. ':queue:' .. queue, 0, IN_FRONT - 1)) do
      if passed_gate(root .. ':job:' .. id) == gate and not redis.call('ZSCORE', way_of(root, gate), id) then return true end
    end
    return false
  end

  -- Of a look, which asks once of each queue. Who has just been let through is coming.
  local function is_awaited(root, gate, id, at, look)
    local queue = is_coming(root, id, look.frozen)
    if not queue or look.now - at < SOON then return queue end
    if look.left_alone[queue] == nil then look.left_alone[queue] = is_left_alone(root, gate, queue) end
    return not look.left_alone[queue]
  end

  local function drop_between(key, from, to)
    local ids = redis.call('ZRANGEBYSCORE', key, from, to, 'LIMIT', 0, DROPPED)
    if #ids > 0 then redis.call('ZREM', key, unpack(ids)) end
  end

  -- How many count (`all`), the first of them (`ids`), and since when (ms) the first of these was let through.
  function on_the_way(root, gate, frozen)
    local now, key, coming, gone = now_ms(), way_of(root, gate), {ids = {}}, {}
    redis.call('DEL', root .. ':tally:passed:' .. gate)
    drop_between(key, '-inf', now - PATIENCE)
    -- A moment ahead of the clock is of one that was set back since.
    drop_between(key, '(' .. now, '+inf')
    local found = redis.call('ZRANGE', key, 0, LOOKED_AT - 1, 'WITHSCORES')
    local look = {now = now, frozen = frozen, left_alone = {}}
    for at = 1, #found, 2 do
      local since = tonumber(found[at + 1])
      if is_awaited(root, gate, found[at], since, look) then
        coming.ids[#coming.ids + 1], coming.since = found[at], coming.since or since
      else gone[#gone + 1] = found[at] end
    end
    if #gone > 0 then redis.call('ZREM', key, unpack(gone)) end
    coming.all = redis.call('ZCARD', key)
    return coming
  end

  -- Somebody waits for them: when to look again. The longer they do not come the less often, but when the first counts no more.
  function watch(root, gate, coming)
    local now = now_ms()
    local age = now - (coming.since or now)
    arm(root, gate, now + math.max(SOON, math.min(age, PATIENCE - age)))
  end
end
