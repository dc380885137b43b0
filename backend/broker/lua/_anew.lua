-- A job that gets another payload: what follows from that is its own from then on. Shared by every step; behind `_rates`.
-- `said` has the options of who brings the payload (JSON) and limit_key, limit, hold, rate and destination, where there are.
-- What follows of the options is taken from there, `scope` only where asked for; the rest stays as it is, letter for letter:
-- what Lua reads and writes again may be another text ([] becomes {}).
local FOLLOWS = {limit_key = true, limit = true, hold = true, rate_share = true, destination = true, version = true}
local FOLLOWING = {'limit_key', 'limit', 'hold', 'rate', 'destination'}

local function text_ends(text, at)
  local found = string.find(text, '["\\]', at + 1)
  while string.sub(text, found, found) == '\\' do found = string.find(text, '["\\]', found + 2) end
  return found
end

-- Where a value that begins at `at` ends, of text that is JSON.
local function value_ends(text, at)
  local depth = 0
  while true do
    local found = string.find(text, '["%[%]{},]', at)
    local mark = string.sub(text, found, found)
    if mark == '"' then found = text_ends(text, found)
    elseif mark == '[' or mark == '{' then depth = depth + 1
    elseif depth == 0 then return found - 1
    elseif mark ~= ',' then depth = depth - 1 end
    at = found + 1
  end
end

-- Adds those members of an object for which `is_wanted` holds, as they are written.
local function add_members(texts, text, is_wanted)
  local at = string.find(text, '"', 1, true)
  while at do
    local name_ends = text_ends(text, at)
    local last = value_ends(text, name_ends + 2)
    if is_wanted(string.sub(text, at + 1, name_ends - 1)) then texts[#texts + 1] = string.sub(text, at, last) end
    at = string.find(text, '"', last + 1, true)
  end
end

local function options_anew(before, said, with_scope)
  local is_ours, read = pcall(cjson.decode, before)
  if not is_ours or type(read) ~= 'table' then return before end
  local function follows(name) return FOLLOWS[name] or (with_scope and name == 'scope') end
  local texts = {}
  add_members(texts, before, function(name) return not follows(name) end)
  add_members(texts, said, follows)
  return '{' .. table.concat(texts, ',') .. '}'
end

-- Out of its line. One that the same call put there is not written yet.
local function take_off(root, job, id, queue, line)
  local key = root .. ':tally:parked:' .. line
  if redis.call('LREM', key, 1, id) == 0 then
    for at, other in ipairs(gathered[key] or {}) do
      if at > 2 and other == id then table.remove(gathered[key], at) break end
    end
    if gathered[key] and #gathered[key] == 2 then gathered[key] = nil end
  end
  redis.call('HDEL', job, 'parked')
  leave_line_of(root, queue, line)
end

-- Behind a gate that holds it no more it waits no more; the slot, or start, for which it was let through is the next one's.
local function leave_old_gate(root, job, id, queue, gate, parked)
  if parked and gate_of(parked) == gate then
    take_off(root, job, id, queue, parked)
    return to_queue(root, id, queue, true)
  end
  if passed_gate(job) ~= gate then return end
  redis.call('HDEL', job, 'passed')
  if is_timed(gate) then leave_the_way(root, gate, id) else pass_on(root, gate) end
end

local function change_fair_line(root, job, id, queue, options, parked)
  local rule = fair_rules(root)[queue]
  if not rule or rule.by == '' or fair_line_of(queue, options, rule.by) == parked then return end
  take_off(root, job, id, queue, parked)
  queue_up(root, id, queue)
end

-- One that was given back unbegun keeps a place of the key that it had. With another key, or one whose places are not kept,
-- nobody would give that back, and the job may even wait for itself.
local function leave_kept_place(root, job, id, gates, said)
  local kept = held_gate(gates)
  if kept and not (said.hold and said.limit_key and kept == 'key:' .. said.limit_key) then
    leave_held_gate(root, job, id, gates)
  end
end

-- Where it waits, the old payload has put it.
local function wait_anew(root, job, id, before, said, options)
  local queue, parked = before[2], before[4]
  if before[5] and before[5] ~= said.limit_key then leave_old_gate(root, job, id, queue, 'key:' .. before[5], parked) end
  if before[6] and before[6] ~= said.destination then
    leave_old_gate(root, job, id, queue, 'breaker:' .. before[6], parked)
  end
  local rate = share_in(before[7]).gate
  if rate and rate ~= share_in(said.rate).gate then leave_old_gate(root, job, id, queue, rate, parked) end
  if parked and string.sub(parked, 1, 5) == 'fair:' then change_fair_line(root, job, id, queue, options, parked) end
end

-- Returns the job's options as they are now.
local function follow_payload(root, job, id, said, with_scope)
  local before = fields_of(job, 'status', 'origin', 'options', 'parked', 'limit_key', 'destination', 'rate', 'gates')
  local options = options_anew(before[3] or ABSENT.options, said.options, with_scope)
  if options ~= (before[3] or ABSENT.options) then redis.call('HSET', job, 'options', options) end
  for _, name in ipairs(FOLLOWING) do
    if said[name] then redis.call('HSET', job, name, said[name]) else redis.call('HDEL', job, name) end
  end
  leave_kept_place(root, job, id, before[8], said)
  before[4] = line_in(before[4])
  if before[1] == 'queued' then wait_anew(root, job, id, before, said, options) end
  return options
end
