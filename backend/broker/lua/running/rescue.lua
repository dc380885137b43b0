-- flags: allow-oom
-- Ends the attempts of a worker that is gone. Compares again what the rescuer saw, so that a job
-- which was settled, taken again or whose lease was lengthened meanwhile is left alone.
-- KEYS[1]  ROOT
-- ARGV[1]  '1': the lease must have expired by this clock and not have moved; '0': the worker is known dead
-- ARGV[2…] six a job: id, fence, lease as seen (ms, as Redis printed it), kind (released · returned ·
--          crashed · suspected · retried · failed · poisoned), delay (ms), error (JSON)
-- Returns  one a job: 1 rescued, 0 left alone

-- The process that ran it tells no observer any more, and who rescues it may know none: some worker process takes it from
-- here. While there is none, of many the newest are kept, for a day.
local MOST_UNTOLD, UNTOLD_SECONDS = 1000, 86400

local function leave_untold(root, attempt)
  local key = root .. ':tally:untold'
  -- By commands that every account which rescues was allowed before.
  if redis.call('RPUSH', key, cjson.encode(attempt)) > MOST_UNTOLD then redis.call('LPOP', key) end
  redis.call('EXPIRE', key, UNTOLD_SECONDS)
end

local function rescue(keys, argv)
  local root, now, replies = keys[1], now_ms(), {}
  for at = 2, #argv, 6 do
    local id, fence = argv[at], argv[at + 1]
    local job = root .. ':job:' .. id
    local f = fields_of(job, unpack(ATTEMPT))
    local lease = redis.call('ZSCORE', root .. ':tally:leases', id)
    local gone = argv[1] == '0' or (lease and lease == argv[at + 2] and tonumber(lease) <= now)
    local reply = 0
    if f[1] == 'started' and f[2] == fence and gone then
      local job_type, options = unpack(fields_of(job, 'description', 'options'))
      local how = end_attempt(root, id, fence, argv[at + 3], tonumber(argv[at + 4]), argv[at + 5], '',
        '0', '', f, now)
      if how ~= 'returned' then
        leave_untold(root, {job_id = id, fence = fence, job_type = job_type or '', queue = f[3], attempt = f[10],
          max_attempts = f[6] or ABSENT.max_attempts, options = options or ABSENT.options, outcome = how,
          delay_ms = argv[at + 4], error = argv[at + 5]})
      end
      -- It was not its holder that ended it: a late outcome of that one must be refused, not found done.
      if redis.call('EXISTS', job) == 1 then redis.call('HSET', job, 'fence', '') end
      reply = 1
    elseif f[1] ~= 'started' and lease then
      redis.call('ZREM', root .. ':tally:leases', id)
      if not f[1] then leave_every_gate(root, id) end
    end
    replies[#replies + 1] = reply
  end
  return replies
end
