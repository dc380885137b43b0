-- flags: allow-oom
-- Takes dead jobs out of the dead-letter queue for good; history keeps them.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  'discarded' (it stays failed) or 'resolved' (done by hand: it counts as finished)
-- ARGV[4…] job ids
-- Returns  one an id: 1 done, 0 not in the dead-letter queue
local function discard(keys, argv)
  local root, now, replies = keys[1], now_ms(), {}
  for at = 4, #argv do
    local id = argv[at]
    local job = root .. ':job:' .. id
    local reply = redis.call('ZREM', root .. ':failed:dlq', id)
    redis.call('ZREM', root .. ':tally:dead', id)
    local status, queue, unique_until, ttl, follow, scope =
      unpack(fields_of(job, 'status', 'origin', 'unique_until', 'result_ttl', 'follow', 'scope'))
    if reply == 1 and status == 'failed' then
      if argv[3] == 'discarded' then ended(root, job, id, 'discarded', nil, follow, scope, now) end
      if argv[3] == 'resolved' then
        count(root, queue, 'failed', -1)
        count(root, queue, 'finished', 1)
        redis.call('HSET', job, 'status', 'finished')
        keep(root, job, id, queue, 'finished', ttl, now, false, unique_until or nil)
      else
        redis.call('DEL', job, root .. ':results:' .. id)
      end
      event_by(root, argv[3], id, queue, argv[1], argv[2])
      if argv[3] == 'resolved' then ended(root, job, id, 'resolved', nil, follow, scope, now) end
    elseif reply == 1 then
      drop(root, id, queue, status)
      reply = 0
    end
    replies[#replies + 1] = reply
  end
  return replies
end
