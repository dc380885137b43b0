-- Makes jobs again from the record, with their ids, attempts and charged failures. One that is here is left alone.
-- KEYS[1]  ROOT
-- ARGV[1]  '1': count them as accepted, because the books were lost with them
-- ARGV[2…] thirty-two a job: id, queue, run at, 0, job type, data, options, max attempts, timeout (s), result ttl (s), expires
--          at, unique key, unique window, limit key, limit, follow-ups to come, state (queued · scheduled · failed), created at, attempt,
--          failures, suspect ('1' or ''), last error, fence and worker of the attempt under way ('' and 0: none), ended at, destination,
--          scope, rate, hold ('1' or ''), who asked to cancel it while it ran and why ('': nobody), digest of what was asked for
-- Returns  one a job: 1 made, 0 it is here
local function remember(root, id, argv, at, now)
  local job = root .. ':job:' .. id
  local fields = {'status', argv[at + 16], 'created_at', iso(tonumber(argv[at + 17])), 'origin', argv[at + 1],
    'description', argv[at + 4], 'data', argv[at + 5], 'options', argv[at + 6], 'max_attempts', argv[at + 7],
    'timeout', argv[at + 8], 'result_ttl', argv[at + 9], 'attempt', argv[at + 18], 'failures', argv[at + 19]}
  local function add(name, value) if value ~= '' then fields[#fields + 1] = name fields[#fields + 1] = value end end
  if argv[at + 10] ~= '0' then add('expires_at', argv[at + 10]) end
  local key_ends, ends = scopes.stand_until(tonumber(argv[at + 17]), argv[at + 11], argv[at + 12], argv[at + 26])
  if ends > now then add('unique_until', string.format('%.0f', ends)) end
  add('asked:' .. argv[at + 31], '1')
  if argv[at + 11] ~= '' then
    add('unique_key', argv[at + 11])
    hold_key(root, id, argv[at + 11], key_ends - now)
  end
  if argv[at + 13] ~= '' then add('limit_key', argv[at + 13]) add('limit', argv[at + 14]) end
  if argv[at + 15] ~= '' then add('follow', argv[at + 15]) note_follow_ups(root, id, now) end
  scopes.remember(root, id, argv[at + 26], argv[at + 16], argv[at + 18], argv[at + 17], now, add)
  local had_started = argv[at + 18] ~= '0' and argv[at + 16] ~= 'failed'
  if argv[at + 28] ~= '' then hold_again(root, id, argv[at + 13], argv[at + 14], had_started, add) end
  for place, name in pairs({[20] = 'suspect', [21] = 'error', [25] = 'destination', [27] = 'rate'}) do add(name, argv[at + place]) end
  if argv[at + 16] == 'queued' then add('enqueued_at', iso(now)) end
  remember_quota(root, id, argv[at + 6], argv[at + 16] ~= 'failed', add)
  redis.call('HSET', job, unpack(fields))
  return job
end

local function restore(keys, argv)
  local root, now, replies, joined = keys[1], now_ms(), {}, {}
  for at = 2, #argv, 32 do
    local id, queue, state = argv[at], argv[at + 1], argv[at + 16]
    replies[#replies + 1] = 1 - redis.call('EXISTS', root .. ':job:' .. id)
    if replies[#replies] == 1 then
      local job = remember(root, id, argv, at, now)
      redis.call('SADD', root .. ':queues', root .. ':queue:' .. queue)
      if argv[1] == '1' then count(root, queue, 'accepted', 1) else leave_unseen(root, id, queue) end
      if argv[at + 22] ~= '' then unlease(root, id, queue, argv[at + 22]) end -- its hash alone may have been taken away
      if argv[at + 22] ~= '' then event(root, 'released', id, queue, argv[at + 23], argv[at + 22], argv[at + 18]) end
      if argv[at + 29] ~= '' then cancel_waiting(root, job, id, queue, now, argv[at + 30], argv[at + 29], 'canceled')
      elseif state == 'scheduled' then schedule(root, id, queue, tonumber(argv[at + 2]))
      elseif state == 'queued' then
        if not line_up(root, id, queue) then gather('RPUSH', root .. ':queue:' .. queue, id) end
        joined[queue] = (joined[queue] or 0) + 1
      else
        bury(root, job, id, queue, tonumber(argv[at + 24]))
        -- Without lost books it was counted when it failed.
        if argv[1] ~= '1' then count(root, queue, 'failed', -1) end
      end
    end
  end
  for queue, jobs in pairs(joined) do ring(root, lane_of(queue), jobs) end
  return replies
end
