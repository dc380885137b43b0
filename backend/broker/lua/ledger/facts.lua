-- flags: no-writes, allow-oom
-- What every structure says of some jobs at one moment, for the ledger.
-- KEYS[1]  ROOT
-- ARGV[1]  '1': with a mark, which is another one after any change of the job but what a heartbeat writes, else ''
-- ARGV[2…] job ids
-- Returns  one list an id: status (nil: no hash), queue, attempt, failures, fence, line it is parked in,
--          worker, created · enqueued · started · ended at, how often it was given back before it began, then the scores (nil:
--          not there) of: lease, RQ's started registry, schedule, RQ's scheduled registry, dead jobs, RQ's failed registry of
--          the dead-letter queue; the gate whose place it keeps until it has ended, whether it is asked to stop, and the mark
local function mark_of(root, id)
  local texts = fields_of(root .. ':job:' .. id, 'status', 'origin', 'attempt', 'failures', 'fence', 'parked', 'enqueued_at',
    'started_at', 'ended_at', 'returns', 'gates', 'cancel', 'data', 'options')
  texts[#texts + 1] = redis.call('ZSCORE', root .. ':scheduler:scheduled_jobs', id)
  for at = 1, #texts do texts[at] = texts[at] and '+' .. texts[at] or '' end
  return redis.sha1hex(table.concat(texts, '\31'))
end

local function facts(keys, argv)
  local root, found = keys[1], {}
  for at = 2, #argv do
    local id = argv[at]
    local f = fields_of(root .. ':job:' .. id, 'status', 'origin', 'attempt', 'failures', 'fence',
      'parked', 'worker_name', 'created_at', 'enqueued_at', 'started_at', 'ended_at',
      'returns', 'gates', 'cancel')
    local queue, fence = f[2] or '', f[5] or ''
    f[19], f[20] = held_gate(f[13]) or false, f[14]
    f[13] = redis.call('ZSCORE', root .. ':tally:leases', id)
    f[14] = fence ~= '' and redis.call('ZSCORE', root .. ':wip:' .. queue, id .. ':' .. fence)
    f[15] = redis.call('ZSCORE', root .. ':scheduler:scheduled_jobs', id)
    f[16] = redis.call('ZSCORE', root .. ':scheduled:' .. queue, id)
    f[17] = redis.call('ZSCORE', root .. ':tally:dead', id)
    f[18] = redis.call('ZSCORE', root .. ':failed:dlq', id)
    f[21] = argv[1] == '1' and mark_of(root, id)
    found[#found + 1] = f
  end
  return found
end
