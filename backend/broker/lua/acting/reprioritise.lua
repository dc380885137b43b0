-- flags: allow-oom
-- Moves waiting jobs to another queue of their lane.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  '1': to the front of the new queue, or of its line behind a gate
-- ARGV[4…] pairs: id, queue to move to
-- Returns  one a job: 1 moved, 2 was there already, 0 not waiting; of the first ones alone where lists are long
local function change_line(root, job, id, parked, target, front)
  local line = line_of(gate_of(parked), target)
  if line == parked then return end
  take_out(root .. ':tally:parked:' .. parked, id)
  redis.call(front and 'LPUSH' or 'RPUSH', root .. ':tally:parked:' .. line, id)
  note_line(root, line)
  redis.call('HSET', job, 'parked', line)
end

-- Among the jobs of its key, unless it is to go first of all.
local function change_queue(root, id, target, front)
  if front then to_queue(root, id, target, true) else queue_up(root, id, target) end
end

-- A time that a foreign hand took away RQ's registry may know still; else it is due.
local function change_time(root, id, queue, target)
  local due = redis.call('ZSCORE', root .. ':scheduler:scheduled_jobs', id)
  due = due or redis.call('ZSCORE', root .. ':scheduled:' .. queue, id)
  unschedule(root, id, queue)
  schedule(root, id, target, due and tonumber(due) * 1000 or now_ms())
end

local function reprioritise(keys, argv)
  local root, replies = keys[1], {}
  for at = 4, #argv, 2 do
    if has_walked_enough() then break end
    local id, target = argv[at], argv[at + 1]
    local job = root .. ':job:' .. id
    local status, queue, aside, data, attempt, options, most = unpack(fields_of(job,
      'status', 'origin', 'parked', 'data', 'attempt', 'options', 'max_attempts'))
    if status and is_foreign(data, attempt, options, most) then status = false end
    local reply, parked = 0, line_in(aside)
    if (status == 'queued' or status == 'scheduled') and queue == target then reply = 2
    elseif status == 'queued' or status == 'scheduled' then
      redis.call('HSET', job, 'origin', target)
      count(root, queue, 'accepted', -1)
      count(root, target, 'accepted', 1)
      redis.call('SADD', root .. ':queues', root .. ':queue:' .. target)
      if status == 'scheduled' then
        change_time(root, id, queue, target)
      elseif parked and string.sub(parked, 1, 5) == 'fair:' then
        take_out(root .. ':tally:parked:' .. parked, id)
        redis.call('HDEL', job, 'parked')
        leave_line_of(root, queue, parked)
        change_queue(root, id, target, argv[3] == '1')
      elseif parked then
        count(root, queue, 'parked', -1)
        count(root, target, 'parked', 1)
        change_line(root, job, id, parked, target, argv[3] == '1')
      else
        take_out(root .. ':queue:' .. queue, id)
        change_queue(root, id, target, argv[3] == '1')
      end
      event_by(root, 'reprioritised', id, target, argv[1], argv[2])
      reply = 1
    end
    replies[#replies + 1] = reply
  end
  return replies
end
