-- Sends dead jobs home to their queues, with all their attempts before them again.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3…] pairs: id, new data ('': unchanged); and where those with new data are bound for, if anything follows
-- Returns  one a job: 1 queued again, 0 not in the dead-letter queue
local function redrive(keys, argv)
  local root, now, replies = keys[1], now_ms(), {}
  local destination = #argv % 2 == 1 and argv[#argv] or ''
  for at = 3, #argv - 1, 2 do
    local id, data = argv[at], argv[at + 1]
    local job = root .. ':job:' .. id
    local reply = redis.call('ZREM', root .. ':failed:dlq', id)
    redis.call('ZREM', root .. ':tally:dead', id)
    local status, queue = unpack(fields_of(job, 'status', 'origin'))
    if reply == 1 and status == 'failed' then
      redis.call('HSET', job, 'status', 'queued', 'enqueued_at', iso(now), 'fence', '')
      redis.call('HDEL', job, 'failures', 'suspect', 'cancel', 'ended_at', 'error', 'expires_at')
      redis.call('PERSIST', job)
      redis.call('PERSIST', root .. ':results:' .. id)
      -- What attempts with another payload left says nothing about this one.
      if data ~= '' then
        redis.call('HSET', job, 'data', data)
        redis.call('HDEL', job, 'checkpoint', 'destination')
        if destination ~= '' then redis.call('HSET', job, 'destination', destination) end
      end
      count(root, queue, 'failed', -1)
      to_queue(root, id, queue)
      event_by(root, 'redriven', id, queue, argv[1], argv[2], data ~= '' and data or nil)
    elseif reply == 1 then
      drop(root, id, queue, status)
      reply = 0
    end
    replies[#replies + 1] = reply
  end
  return replies
end
