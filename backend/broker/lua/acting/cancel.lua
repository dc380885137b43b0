-- flags: allow-oom
-- Withdraws jobs: a waiting one ends at once, a started one is asked to (or stopped, by force).
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  'force' to stop a started job at once, else ''
-- ARGV[4…] job ids
-- Returns  one an id: 1 canceled, 2 asked, 3 already final, 0 unknown; of the first ones alone where lists are long
local function cancel(keys, argv)
  local root, now, replies = keys[1], now_ms(), {}
  for at = 4, #argv do
    if has_walked_enough() then break end
    local id = argv[at]
    local job = root .. ':job:' .. id
    local status, queue, parked, worker, asked, data, attempt, options, most = unpack(fields_of(job,
      'status', 'origin', 'parked', 'worker_name', 'cancel', 'data', 'attempt', 'options', 'max_attempts'))
    if status and is_foreign(data, attempt, options, most) then status = false end
    local reply = status and 3 or 0
    parked = line_in(parked)
    if status == 'queued' or status == 'scheduled' or status == 'deferred' then
      if status == 'scheduled' then unschedule(root, id, queue)
      elseif parked then
        take_out(root .. ':tally:parked:' .. parked, id)
        leave_line_of(root, queue, parked)
      elseif status == 'queued' and take_out(root .. ':queue:' .. queue, id) == 0 then
        -- Set apart, because a call broke at it.
        redis.call('ZREM', root .. ':tally:foreign', id)
      end
      cancel_waiting(root, job, id, queue, now, argv[2], argv[1], 'canceled')
      reply = 1
    elseif status == 'started' then
      local force = argv[3] == 'force' or asked == 'force'
      redis.call('HSET', job, 'cancel', force and 'force' or 'ask')
      redis.call('PUBLISH', root .. ':pubsub:' .. worker,
        cjson.encode({command = force and 'stop-job' or 'cancel-job', job_id = id}))
      event_by(root, 'cancel_asked', id, queue, argv[1], argv[2])
      reply = 2
    end
    replies[#replies + 1] = reply
  end
  return replies
end
