-- flags: allow-oom
-- Takes jobs of some types, or of all others, and passes over what stands before them: a worker whose threads are all busy
-- has room for async jobs, one whose event loop is full has it for plain ones. A suspect counts as of no type: it runs alone.
-- KEYS[1]  ROOT
-- ARGV[1]  worker name
-- ARGV[2]  lease (ms)
-- ARGV[3]  n
-- ARGV[4]  '1': of all other types; '0': of these
-- ARGV[5]  from which place of each queue to look, 0 for the first
-- ARGV[6]  how many types follow
-- ARGV[7…] the types, then pairs: queue, jobs guaranteed to it in this call
-- Returns  '1' if a queue goes on behind what was looked at, else '0'; then one list a job, as `claim` has them
-- Wake tokens are left where they are: they call those who may take whatever is next.

-- Of one queue; whoever finds nothing looks further behind the next time.
local PLACES = 100

local function is_wanted(root, id, wanted)
  local kind, suspect = unpack(fields_of(root .. ':job:' .. id, 'description', 'suspect'))
  local is_of_these = kind and not suspect and wanted.types[kind] or false
  return is_of_these ~= wanted.is_others
end

local function pick_from(root, queue, most, wanted, state)
  local key, until_jobs = root .. ':queue:' .. queue, #state.jobs + most
  local ids = redis.call('LRANGE', key, wanted.from, wanted.from + PLACES - 1)
  wanted.is_deeper = wanted.is_deeper or #ids == PLACES
  for _, id in ipairs(ids) do
    if #state.jobs >= until_jobs then return end
    if is_wanted(root, id, wanted) and redis.call('LREM', key, 1, id) == 1 then take_all(root, {id}, queue, state) end
  end
end

-- Of a fair queue also those who are the first of their lines: who stands behind another keeps his place.
local function pick_from_lines(root, queue, most, wanted, state)
  local first, until_jobs = first_in_lines(root, queue, wanted.from, PLACES), #state.jobs + most
  wanted.is_deeper = wanted.is_deeper or #first == PLACES
  for _, each in ipairs(first) do
    local key, id = unpack(each)
    if #state.jobs >= until_jobs then return end
    if id and is_wanted(root, id, wanted) then
      redis.call('LPOP', root .. ':tally:parked:fair:' .. queue .. '\31' .. key)
      charge_turn(root, queue, key)
      take_lined(root, {id}, queue, state)
    end
  end
end

local function pick_from_all(root, queue, most, wanted, state)
  local before = #state.jobs
  pick_from(root, queue, most, wanted, state)
  if state.fair[queue] then pick_from_lines(root, queue, most - (#state.jobs - before), wanted, state) end
end

local function pick_all(root, n, plan, wanted, state)
  for _, entry in ipairs(plan) do
    if entry.guaranteed > 0 then pick_from_all(root, entry.queue, math.min(entry.guaranteed, n - #state.jobs), wanted, state) end
  end
  for _, entry in ipairs(plan) do pick_from_all(root, entry.queue, n - #state.jobs, wanted, state) end
end

local function plan_in(argv, first, state)
  local plan = {}
  for at = first, #argv, 2 do
    if may_pick(argv[at], state) then plan[#plan + 1] = {queue = argv[at], guaranteed = tonumber(argv[at + 1])} end
  end
  return plan
end

local function pick_out(keys, argv)
  local root = keys[1]
  local state = claim_state(root, argv[1], tonumber(argv[2]))
  if not state then return {'0'} end
  local wanted, last = {types = {}, is_others = argv[4] == '1', from = tonumber(argv[5])}, 6 + tonumber(argv[6])
  for at = 7, last do wanted.types[argv[at]] = true end
  conclude(root, state, pcall(pick_all, root, tonumber(argv[3]), plan_in(argv, last + 1, state), wanted, state))
  return {wanted.is_deeper and '1' or '0', unpack(state.jobs)}
end
