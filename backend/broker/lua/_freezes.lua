-- Freezes: from when until when nothing of a queue, a lane, a job type or a tenant may start. Shared by every step; behind
-- `_gates`. `frozen` has the windows by when (ms) they begin: what, until, ramp (ms) and the name of the freeze. Whoever claims
-- holds them against the clock, so that a freeze begins and ends whoever is dead. After its end jobs come one after another,
-- not at once: evenly over the ramp, but at least one a second. What is frozen as queue or lane stays in its queues; what is
-- frozen as type or tenant waits behind the gate 'frozen:<what>'. An alarm of that name rings at the end, and during the ramp
-- again and again.
local frozen_at, is_thawed, room_of_queue, note_starts, gate_by_freeze, thaw, room_by_freeze, write_windows
do
local LOOK_AGAIN = 200

local function window_in(member)
  local what, ends, ramp, name = string.match(member, '^(.-)' .. FIELD .. '(%d+)' .. FIELD .. '(%d+)' .. FIELD .. '(.*)$')
  return what and {what = what, ends = tonumber(ends), ramp = tonumber(ramp), name = name}
end

local function set_alarm(root, what, at)
  local alarms, gate = root .. ':tally:alarms', 'frozen:' .. what
  if redis.call('ZADD', alarms, 'LT', 'CH', at, gate) == 1 and redis.call('ZRANGE', alarms, 0, 0)[1] == gate then
    ring(root, 'scheduler', 1)
  end
end

-- One that holds goes before one that is over. Of those that are over the longest ramp counts: a short freeze without one must
-- not let out at once what comes back after a long one.
local function outlasts(one, other, now)
  if one.ends > now or other.ends > now then return one.ends > other.ends end
  return one.ends + one.ramp > other.ends + other.ramp
end

-- By what is frozen, or was: of the windows that have begun the one that counts.
function frozen_at(root, now)
  local found = {}
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', root .. ':tally:frozen', '-inf', now)) do
    local window = window_in(member)
    local before = window and found[window.what]
    if window and not (before and not outlasts(window, before, now)) then found[window.what] = window end
  end
  return found
end

local function started_since(root, window)
  return root .. ':tally:ramp:' .. window.what .. ':' .. string.format('%.0f', window.ends)
end

local function lines_of_freeze(root, what)
  local kind, name = string.match(what, '^(%a+):(.*)$')
  if kind == 'queue' then return {root .. ':queue:' .. name} end
  if kind ~= 'lane' then return {line_keys(root, 'frozen:' .. what)} end
  local lines, rest = {}, name == 'default' and '' or ':' .. name
  for at, priority in ipairs({'high', 'normal', 'low'}) do lines[at] = root .. ':queue:' .. priority .. rest end
  return lines
end

-- In a list of jobs and, of a fair queue, in its lines. What this call took off them is not counted yet.
local function length_of(root, key)
  local queue = string.match(string.sub(key, #root + 1), '^:queue:(.*)$')
  if not queue then return redis.call('LLEN', key) end
  local counts = root .. ':tally:counts:' .. queue
  local lined, since = redis.call('HGET', counts, 'lined') or '0', (tallied[counts] or {}).lined or 0
  return redis.call('LLEN', key) + tonumber(lined) + since
end

local function waiting_for(root, what)
  local waiting = 0
  for _, key in ipairs(lines_of_freeze(root, what)) do waiting = waiting + length_of(root, key) end
  return waiting
end

-- How many may start now: such a share of all that waited or came since as of the ramp has gone by.
local function room_in(root, window, now)
  local gone = now - window.ends
  if gone < 0 then return 0 end
  if gone >= window.ramp then return math.huge end
  local started = tonumber(redis.call('GET', started_since(root, window)) or '0')
  local share = math.floor((waiting_for(root, window.what) + started) * gone / window.ramp)
  return math.max(0, math.max(share, 1 + math.floor(gone / 1000)) - started)
end

local function note_started(root, window, jobs, now)
  local left, key = window.ends + window.ramp - now, started_since(root, window)
  if jobs == 0 or left <= 0 then return end
  redis.call('INCRBY', key, jobs)
  redis.call('PEXPIRE', key, left)
end

local function windows_of_queue(queue, frozen)
  local windows = {frozen['queue:' .. queue]}
  windows[#windows + 1] = frozen['lane:' .. lane_of(queue)]
  return windows
end

function is_closed(root, queue)
  local paused, now = root .. ':tally:paused', now_ms()
  if redis.call('SISMEMBER', paused, 'queue:' .. queue) == 1 or redis.call('SISMEMBER', paused, 'lane:' .. lane_of(queue)) == 1 then
    return true
  end
  for _, window in ipairs(windows_of_queue(queue, frozen_at(root, now))) do
    if now < window.ends then return true end
  end
  return false
end

function is_thawed(queue, frozen)
  return not frozen or #windows_of_queue(queue, frozen) == 0
end

function room_of_queue(root, queue, frozen, now)
  local room = math.huge
  for _, window in ipairs(windows_of_queue(queue, frozen)) do
    room = math.min(room, room_in(root, window, now))
    set_alarm(root, window.what, math.max(window.ends, now + LOOK_AGAIN))
  end
  return room
end

function note_starts(root, queue, frozen, jobs, now)
  for _, window in ipairs(windows_of_queue(queue, frozen)) do note_started(root, window, jobs, now) end
end

-- The gate that keeps a job from starting. Who has not waited yet goes behind those who do, and where nobody does he comes by
-- the ramp as they would: during the freeze no worker looked at him, or he stood behind a pause.
function gate_by_freeze(root, job, kind, options, claim)
  local tenant, ramps = tenant_of(options), {}
  for _, what in ipairs({'type:' .. kind, tenant and 'tenant:' .. tenant or nil}) do
    local window, gate = claim.frozen[what], 'frozen:' .. what
    if window then
      set_alarm(root, what, math.max(window.ends, claim.now + LOOK_AGAIN))
      if claim.now < window.ends then return gate end
      if not passed_gate(job) then
        if redis.call('EXISTS', line_keys(root, gate)) > 0 or room_in(root, window, claim.now) < 1 then return gate end
        ramps[#ramps + 1] = window
      end
    end
  end
  for _, window in ipairs(ramps) do note_started(root, window, 1, claim.now) end
end

local function forget_windows(root, what, now)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', root .. ':tally:frozen', '-inf', now)) do
    local window = window_in(member)
    if not window or (window.what == what and window.ends + window.ramp <= now) then
      redis.call('ZREM', root .. ':tally:frozen', member)
    end
  end
end

local function let_out(root, what, window, now)
  local kind, name = string.match(what, '^(%a+):(.*)$')
  local room = window and room_in(root, window, now) or math.huge
  if kind == 'queue' or kind == 'lane' then
    local waiting = waiting_for(root, what)
    if room > 0 and waiting > 0 then ring(root, kind == 'lane' and name or lane_of(name), math.min(room, waiting)) end
    return 0
  end
  local moved = unpark(root, 'frozen:' .. what, room, 200)
  if window then note_started(root, window, moved, now) end
  return moved
end

-- An alarm rang: how many jobs were let through.
function thaw(root, gate, now)
  local what = string.sub(gate, 8)
  local window = frozen_at(root, now)[what]
  if window and now < window.ends then set_alarm(root, what, window.ends) return 0 end
  local moved = let_out(root, what, window, now)
  if window and now < window.ends + window.ramp then
    set_alarm(root, what, waiting_for(root, what) > 0 and now + LOOK_AGAIN or window.ends + window.ramp)
  elseif redis.call('EXISTS', line_keys(root, gate)) > 0 then set_alarm(root, what, now)
  else forget_windows(root, what, now) end
  return moved
end

-- For `usher`: while there is a window, its alarm lets them through.
function room_by_freeze(root, gate)
  local what, now = string.sub(gate, 8), now_ms()
  local window = frozen_at(root, now)[what]
  if not window then return math.huge end
  set_alarm(root, what, math.max(window.ends, now))
  return 0
end

-- Instead of all that a freeze has. A window that has begun and is no more ends now, with its ramp.
-- What follows in `argv` are fours: what, from, until, ramp (ms).
function write_windows(root, name, argv, first, now)
  local key, kept = root .. ':tally:frozen', {}
  for at = first, #argv, 4 do
    kept[table.concat({argv[at], argv[at + 2], argv[at + 3], name}, FIELD)] = argv[at + 1]
  end
  local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for at = 1, #all, 2 do
    local window, from = window_in(all[at]), tonumber(all[at + 1])
    if window and window.name == name and window.ends > now and not kept[all[at]] then
      redis.call('ZREM', key, all[at])
      local cut = table.concat({window.what, string.format('%.0f', now), string.format('%.0f', window.ramp), name}, FIELD)
      if from <= now then redis.call('ZADD', key, from, cut) set_alarm(root, window.what, now) end
    end
  end
  for member, from in pairs(kept) do
    redis.call('ZADD', key, from, member)
    set_alarm(root, window_in(member).what, window_in(member).ends)
  end
end
end
