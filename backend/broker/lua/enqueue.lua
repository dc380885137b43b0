-- Accepts jobs, each into its queue or, when it has a time to come, into the schedule.
-- KEYS[1]  ROOT
-- ARGV[1]  most jobs that may wait in one queue (0: no limit)
-- ARGV[2]  most events that may wait for the recorder (0: no limit)
-- ARGV[3…] fifteen a job: id, queue, run at (ms, 0: now), delay (ms), job type, data (RQ's call as
--          JSON), options (JSON), max attempts, soft timeout (s), result ttl (s), expires at (ms, 0:
--          never), unique key ('': none), unique window (ms), limit key ('': none), limit
-- Returns  one a job: 1 queued, 2 scheduled, 3 already here (nothing done), the id of its twin when
--          the unique key is taken, -1 queue full, -2 recorder too far behind (nothing written)
-- Refused as a whole by Redis when memory is full: it alone has no allow-oom flag.
local function enqueue(keys, argv)
  local root, now = keys[1], now_ms()
  local stamp, replies, joined = iso(now), {}, {}
  local backlog, stream = tonumber(argv[1]), tonumber(argv[2])
  local behind = stream > 0 and redis.call('XLEN', root .. ':tally:events') >= stream
  for at = 3, #argv, 15 do
    local id, queue = argv[at], argv[at + 1]
    local job, unique = root .. ':job:' .. id, argv[at + 11]
    local twin = unique ~= '' and redis.call('GET', root .. ':tally:unique:' .. unique)
    local reply
    if redis.call('EXISTS', job) == 1 then reply = 3
    elseif twin then reply = twin
    elseif behind then reply = -2
    elseif backlog > 0 and redis.call('LLEN', root .. ':queue:' .. queue) + (joined[queue] or 0) >= backlog then reply = -1
    else
      local due, delay = tonumber(argv[at + 2]), tonumber(argv[at + 3])
      if delay > 0 then due = now + delay end
      local state = due > now and 'scheduled' or 'queued'
      local fields = {'status', state, 'created_at', stamp, 'origin', queue,
        'description', argv[at + 4], 'data', argv[at + 5], 'options', argv[at + 6],
        'max_attempts', argv[at + 7], 'timeout', argv[at + 8], 'result_ttl', argv[at + 9]}
      if argv[at + 10] ~= '0' then fields[#fields + 1] = 'expires_at'; fields[#fields + 1] = argv[at + 10] end
      if argv[at + 13] ~= '' then
        fields[#fields + 1] = 'limit_key'; fields[#fields + 1] = argv[at + 13]
        fields[#fields + 1] = 'limit'; fields[#fields + 1] = argv[at + 14]
      end
      if unique ~= '' then
        redis.call('SET', root .. ':tally:unique:' .. unique, id, 'PX', argv[at + 12])
        fields[#fields + 1] = 'unique_key'; fields[#fields + 1] = unique
      end
      if state == 'queued' then fields[#fields + 1] = 'enqueued_at'; fields[#fields + 1] = stamp end
      redis.call('HSET', job, unpack(fields))
      count(root, queue, 'accepted', 1)
      joined[queue] = (joined[queue] or 0) + (state == 'queued' and 1 or 0)
      if state == 'scheduled' then schedule(root, id, queue, due)
      else gather('RPUSH', root .. ':queue:' .. queue, id) end
      event(root, 'k', 'enqueued', 'j', id, 'q', queue, 's', state, 't', argv[at + 4], 'm', argv[at + 7],
        'u', due, 'd', argv[at + 5], 'o', argv[at + 6])
      reply = state == 'queued' and 1 or 2
    end
    replies[#replies + 1] = reply
  end
  for queue, jobs in pairs(joined) do
    redis.call('SADD', root .. ':queues', root .. ':queue:' .. queue)
    ring(root, lane_of(queue), jobs)
  end
  return replies
end
