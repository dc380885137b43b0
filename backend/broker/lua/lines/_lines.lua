-- Lines behind gates: what they are called, from which of them the next ones come, and who these are. Shared by every step;
-- behind `_on_the_way`, and `_gates` builds on it.
-- Behind a gate there is a line for each priority, so that high goes before normal before low there too. The line of normal
-- jobs has the gate's own name, and what a job calls `parked` is its line: steps of the last release, which know of one line
-- a gate, so cancel, count and let through what waits in any of them, and what they put aside is found here.
-- `turns` has of each gate how many went while there was a choice, and as '>' and its name from which place on `usher` looks
-- in its lines, where all who stand before it are of queues where nothing starts.
local LINES = {high = 'h:', low = 'l:'}
-- Of so many jobs that are let through one comes from the lowest line; of a line so many are looked at.
local TURNS, LOOKED_AT = 10, 50
-- Whether a queue is paused or frozen; `_freezes` knows.
local is_closed

local function line_of(gate, queue)
  return (LINES[priority_of(queue)] or '') .. gate
end

local function gate_of(line)
  return string.match(line, '^[hl]:(.*)$') or line
end

local function line_keys(root, gate)
  local head = root .. ':tally:parked:'
  return head .. 'h:' .. gate, head .. gate, head .. 'l:' .. gate
end

-- Who goes next: a library has room for few names.
local choice = {}

-- How many wait in each line, high first, and in all.
local function waiting_behind(root, gate)
  local waiting, all = {}, 0
  for at, key in ipairs({line_keys(root, gate)}) do
    waiting[at] = redis.call('LLEN', key)
    all = all + waiting[at]
  end
  return waiting, all
end

local function next_line(waiting, is_lows)
  for step = 1, 3 do
    local at = is_lows and 4 - step or step
    if waiting[at] > 0 then return at end
  end
end

-- From which lines the next ones come. Turns are counted while there is a choice.
function choice.share(root, gate, waiting, wanted)
  local from, turns = {0, 0, 0}, root .. ':tally:turns'
  local turn, chosen = nil, 0
  for _ = 1, wanted do
    local at = next_line(waiting, false)
    if at ~= next_line(waiting, true) then
      turn, chosen = turn or tonumber(redis.call('HGET', turns, gate) or '0'), chosen + 1
      if (turn + chosen) % TURNS == 0 then at = next_line(waiting, true) end
    end
    from[at], waiting[at] = from[at] + 1, waiting[at] - 1
  end
  if chosen > 0 then redis.call('HINCRBY', turns, gate, chosen) end
  return from
end

-- Nothing of a queue starts now: it is paused or frozen, or `usher` found lately that nobody serves it. `known` is what was
-- found so far.
function choice.is_shut(root, queue, known)
  if known[queue] == nil then
    local until_when = redis.call('ZSCORE', root .. ':tally:left_alone', queue)
    known[queue] = is_closed(root, queue) or tonumber(until_when or nil) and tonumber(until_when) > now_ms() or false
  end
  return known[queue]
end

-- From a place of a line on those whose queues are open, at most `wanted`.
local function open_ones(root, key, from, wanted, known)
  local open = {}
  for _, id in ipairs(redis.call('LRANGE', key, from, from + LOOKED_AT - 1)) do
    if #open >= wanted then break end
    local queue = fields_of(root .. ':job:' .. id, 'origin')[1]
    if not (queue and choice.is_shut(root, queue, known)) then open[#open + 1] = id end
  end
  return open
end

local function open_from(root, gate, from, wanted, known)
  local open = {}
  for at, key in ipairs({line_keys(root, gate)}) do open[at] = open_ones(root, key, from, wanted, known) end
  return #open[1] + #open[2] + #open[3] > 0 and open or nil
end

-- Of each line those who may go, where somebody may: who is of a queue where nothing starts now would keep others of the gate
-- waiting beside a free slot, for as long as the pause or freeze lasts. Nil: all may go; false: none was found, and the first
-- goes all the same, for nobody sends it when its queue opens.
local function open_lines(root, gate, wanted)
  local is_any = redis.call('EXISTS', root .. ':tally:paused', root .. ':tally:frozen', root .. ':tally:left_alone') > 0
  if not is_any then return nil end
  local known = {}
  local open = open_from(root, gate, 0, wanted, known)
  local further = not open and redis.call('HGET', root .. ':tally:turns', '>' .. gate)
  return further and open_from(root, gate, tonumber(further), wanted, known) or open or false
end

-- As `waiting_behind`, of those that go first; and who these are, where they are not simply the first.
function choice.waiting_to_go(root, gate, room, wanted)
  local waiting, all = waiting_behind(root, gate)
  local is_all = room >= all
  local open = not is_all and open_lines(root, gate, wanted)
  if not open then return waiting, all, nil, is_all end
  for at, ids in ipairs(open) do
    all = all - waiting[at] + #ids
    waiting[at] = #ids
  end
  return waiting, all, open, is_all
end

-- Also further behind where none was found, from where the last look ended. `look` has how many places are left to this call.
function choice.look_for_open(root, gate, look)
  local open = open_lines(root, gate, 1)
  if open ~= false then return open end
  local turns, field, known = root .. ':tally:turns', '>' .. gate, {}
  local from, longest = tonumber(redis.call('HGET', turns, field) or 0), math.max(unpack((waiting_behind(root, gate))))
  while not open and from < longest and look.places > 0 do
    from, look.places = from + LOOKED_AT, look.places - LOOKED_AT
    open = open_from(root, gate, from, 1, known)
  end
  if from < longest then redis.call('HSET', turns, field, from) else redis.call('HDEL', turns, field) end
  return open
end
