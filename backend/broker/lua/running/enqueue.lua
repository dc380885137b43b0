-- Accepts jobs, each into its queue or, when it has a time to come, into the schedule.
-- KEYS[1]  ROOT
-- ARGV[1]  most jobs that may wait in one queue (0: no limit)
-- ARGV[2]  most events that may wait for the recorder (0: no limit)
-- ARGV[3…] sixteen a job: id, queue, run at (ms, 0: now), delay (ms), job type, data (RQ's call as
--          JSON), options (JSON), max attempts, soft timeout (s), result ttl (s), expires at (ms, 0:
--          never), unique key ('': none), unique window (ms), limit key ('': none), limit, digest of
--          what is asked for ('': whatever has its id or key will do)
-- Returns  one a job: 1 queued, 2 scheduled, 3 already here (nothing done), the id of its twin when
--          the unique key is taken, -1 queue full, -2 recorder too far behind (nothing written); when id
--          or key belong to a job with other contents: that job's id, and since when it is here
-- Refused as a whole by Redis when memory is full: it alone has no allow-oom flag.
local function enqueue(keys, argv)
  local root, now = keys[1], now_ms()
  local stamp, replies, joined = iso(now), {}, {}
  local backlog, stream = tonumber(argv[1]), tonumber(argv[2])
  local behind = stream > 0 and redis.call('XLEN', root .. ':tally:events') >= stream
  for at = 3, #argv, 16 do
    local id, queue = argv[at], argv[at + 1]
    local job, unique, digest = root .. ':job:' .. id, argv[at + 11], argv[at + 15]
    local is_here, reply = redis.call('EXISTS', job) == 1, nil
    local twin = is_here and id or holder_of(root, unique)
    if twin then reply = conflict_with(root, twin, argv[at + 4], argv[at + 5], digest) or (is_here and 3 or twin)
    elseif behind then reply = -2
    elseif backlog > 0 and redis.call('LLEN', root .. ':queue:' .. queue) + (joined[queue] or 0) >= backlog then reply = -1
    else
      local due, delay = tonumber(argv[at + 2]), tonumber(argv[at + 3])
      if delay > 0 then due = now + delay end
      local state = due > now and 'scheduled' or 'queued'
      local fields = {'status', state, 'created_at', stamp, 'origin', queue,
        'description', argv[at + 4], 'data', argv[at + 5], 'options', argv[at + 6],
        'max_attempts', argv[at + 7], 'timeout', argv[at + 8], 'result_ttl', argv[at + 9]}
      local function add(name, value) fields[#fields + 1] = name; fields[#fields + 1] = value end
      if argv[at + 10] ~= '0' then add('expires_at', argv[at + 10]) end
      if argv[at + 13] ~= '' then add('limit_key', argv[at + 13]) add('limit', argv[at + 14]) end
      if unique ~= '' then
        redis.call('SET', root .. ':tally:unique:' .. unique, id, 'PX', argv[at + 12])
        add('unique_key', unique)
        add('unique_until', string.format('%.0f', now + argv[at + 12]))
      end
      if digest ~= '' then add('digest', digest) end
      if state == 'queued' then add('enqueued_at', stamp) end
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
