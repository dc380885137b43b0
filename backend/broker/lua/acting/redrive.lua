-- Sends dead jobs home to their queues, with all their attempts before them again.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  'anyway': also jobs whose key another one holds, else ''
-- ARGV[4…] pairs: id, new data ('': unchanged); and where those with new data are bound for, if anything follows
-- Returns  one a job: 1 queued again, 0 not in the dead-letter queue, 2 another one holds its key (nothing done)
local function is_kept_out(root, id, status, scope, anyway)
  local holder = status == 'failed' and scope and anyway ~= 'anyway' and scopes.holder(root, scope)
  return holder and holder ~= id
end

local function redrive(keys, argv)
  local root, now, replies = keys[1], now_ms(), {}
  local destination = #argv % 2 == 0 and argv[#argv] or ''
  for at = 4, #argv - 1, 2 do
    local id, data = argv[at], argv[at + 1]
    local job = root .. ':job:' .. id
    local status, queue, scope, attempt, quota = unpack(fields_of(job, 'status', 'origin', 'scope', 'attempt', 'quota'))
    local reply = 2
    if not is_kept_out(root, id, status, scope, argv[3]) then
      reply = redis.call('ZREM', root .. ':failed:dlq', id)
      redis.call('ZREM', root .. ':tally:dead', id)
    end
    if reply == 1 and status == 'failed' then
      if scope then scopes.come_back(root, job, id, scope, attempt) end
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
      queue_up(root, id, queue)
      counts(root, id, quota)
      event_by(root, 'redriven', id, queue, argv[1], argv[2], data ~= '' and data or nil)
    elseif reply == 1 then
      drop(root, id, queue, status)
      reply = 0
    end
    replies[#replies + 1] = reply
  end
  return replies
end
