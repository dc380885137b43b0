-- Sends dead jobs home to their queues, with all their attempts before them again.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  'anyway': also jobs whose key another one holds, else ''
-- ARGV[4…] pairs: id, new data ('': unchanged); behind that of one job with new data what follows from it, '' where there is
--          none: options (JSON), limit key, limit, hold, rate, destination, scope
-- Returns  one a job: 1 queued again, 0 not in the dead-letter queue, 2 another one holds its key (nothing done)
local function is_kept_out(root, id, status, scope, anyway)
  local holder = status == 'failed' and scope and anyway ~= 'anyway' and scopes.holder(root, scope)
  return holder and holder ~= id
end

local function said_anew(argv)
  if #argv ~= 12 or argv[5] == '' then return nil end
  local said = {options = argv[6], scope = argv[12]}
  local names = {'limit_key', 'limit', 'hold', 'rate', 'destination'}
  for at, name in ipairs(names) do said[name] = argv[6 + at] ~= '' and argv[6 + at] or nil end
  return said
end

-- What attempts with another payload left says nothing about this one. Returns the job's options as they are now.
local function change_payload(root, job, id, data, said)
  redis.call('HSET', job, 'data', data)
  redis.call('HDEL', job, 'checkpoint')
  if not said then return nil end
  scopes.change(job, said.scope)
  return follow_payload(root, job, id, said, true)
end

local function redrive(keys, argv)
  local root, now, replies, said = keys[1], now_ms(), {}, said_anew(argv)
  for at = 4, said and 4 or #argv, 2 do
    local id, data = argv[at], argv[at + 1]
    local job = root .. ':job:' .. id
    local status, queue, scope, attempt, quota = unpack(fields_of(job, 'status', 'origin', 'scope', 'attempt', 'quota'))
    local key, reply = said and said.scope ~= '' and said.scope or not said and scope, 2
    if not is_kept_out(root, id, status, key, argv[3]) then
      reply = redis.call('ZREM', root .. ':failed:dlq', id)
      redis.call('ZREM', root .. ':tally:dead', id)
    end
    if reply == 1 and status == 'failed' then
      local options = data ~= '' and change_payload(root, job, id, data, said)
      if key then scopes.come_back(root, job, id, key, attempt) end
      redis.call('HSET', job, 'status', 'queued', 'enqueued_at', iso(now), 'fence', '')
      redis.call('HDEL', job, 'failures', 'suspect', 'suspicions', 'cancel', 'ended_at', 'error', 'expires_at')
      redis.call('PERSIST', job)
      redis.call('PERSIST', root .. ':results:' .. id)
      count(root, queue, 'failed', -1)
      queue_up(root, id, queue)
      counts(root, id, quota)
      event_by(root, 'redriven', id, queue, argv[1], argv[2], data ~= '' and data or nil, options)
    elseif reply == 1 then
      drop(root, id, queue, status)
      reply = 0
    end
    replies[#replies + 1] = reply
  end
  return replies
end
