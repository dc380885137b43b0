-- flags: no-writes, allow-oom
-- What every structure says of some jobs at one moment, for the ledger.
-- KEYS[1]  ROOT
-- ARGV     job ids
-- Returns  one list an id: status (nil: no hash), queue, attempt, failures, fence, line it is parked in,
--          worker, created · enqueued · started · ended at, how often it was given back before it began, then the scores (nil:
--          not there) of: lease, RQ's started registry, schedule, RQ's scheduled registry, dead jobs, RQ's failed registry of
--          the dead-letter queue; and the gate whose place it keeps until it has ended
local function facts(keys, argv)
  local root, found = keys[1], {}
  for at = 1, #argv do
    local id = argv[at]
    local f = fields_of(root .. ':job:' .. id, 'status', 'origin', 'attempt', 'failures', 'fence',
      'parked', 'worker_name', 'created_at', 'enqueued_at', 'started_at', 'ended_at',
      'returns', 'gates')
    local queue, fence = f[2] or '', f[5] or ''
    f[19] = held_gate(f[13]) or false
    f[13] = redis.call('ZSCORE', root .. ':tally:leases', id)
    f[14] = fence ~= '' and redis.call('ZSCORE', root .. ':wip:' .. queue, id .. ':' .. fence)
    f[15] = redis.call('ZSCORE', root .. ':scheduler:scheduled_jobs', id)
    f[16] = redis.call('ZSCORE', root .. ':scheduled:' .. queue, id)
    f[17] = redis.call('ZSCORE', root .. ':tally:dead', id)
    f[18] = redis.call('ZSCORE', root .. ':failed:dlq', id)
    found[at] = f
  end
  return found
end
