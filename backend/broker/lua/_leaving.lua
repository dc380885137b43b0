-- A job leaves Redis, or is made anew in its place: nothing is left that names it but its hash. Shared by every step; behind
-- `_taken`. Nobody is told, and nothing follows: the record has what became of it.
local function leave_lists(root, id, places)
  for _, place in ipairs(places) do
    local kind, name = string.match(place, '^(%a+):(.*)$')
    if kind == 'queue' then redis.call('LREM', root .. ':queue:' .. name, 0, id)
    elseif kind == 'parked' then redis.call('LREM', root .. ':tally:parked:' .. name, 0, id)
    else
      redis.call('SREM', root .. ':tally:holders:' .. name, id)
      pass_on(root, name)
    end
  end
end

-- Gates, and whoever waits for its place there.
local function leave_the_gates(root, job, id, f, parked)
  local passed = passed_in(f[7], f[8])
  if passed and is_timed(passed) then leave_the_way(root, passed, id) end
  leave_gates(root, job, id, f[5])
  leave_held_gate(root, job, id, f[5])
  if f[1] == 'queued' and not parked then pass_on_all(root, f[9], f[10], f[6]) end
end

-- `places` are 'queue:<name>', 'parked:<line>' and 'holders:<gate>' that were seen to hold it. Returns its queue, and how many
-- wait for it.
local function leave_redis(root, job, id, places)
  local f = fields_of(job, 'status', 'origin', 'fence', 'parked', 'gates', 'quota', 'passed', 'attempt', 'description',
    'limit_key', 'waiters')
  local queue, parked = f[2] or '', line_in(f[4])
  leave_lists(root, id, places)
  if parked then leave_line_of(root, queue, parked) end
  leave_the_gates(root, job, id, f, parked)
  counts_no_more(root, id, f[6])
  unschedule(root, id, queue)
  unlease(root, id, queue, f[3] or '')
  redis.call('ZREM', root .. ':failed:dlq', id)
  redis.call('ZREM', root .. ':failed:' .. queue, id)
  -- What another program failed is counted nowhere.
  if redis.call('ZREM', root .. ':tally:dead', id) == 1 and f[1] == 'failed' then count(root, queue, 'failed', -1) end
  redis.call('ZREM', root .. ':tally:foreign', id)
  redis.call('ZREM', root .. ':tally:following', id)
  return queue, f[11]
end
