-- flags: allow-oom
-- Moves scheduled jobs to the back of their queues before they are due.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3…] job ids
-- Returns  one an id: 1 queued, 0 not scheduled
local function run_now(keys, argv)
  local root, stamp, replies = keys[1], iso(now_ms()), {}
  for at = 3, #argv do
    local id = argv[at]
    local job = root .. ':job:' .. id
    local status, queue, data, attempt, options, most =
      unpack(fields_of(job, 'status', 'origin', 'data', 'attempt', 'options', 'max_attempts'))
    if status and is_foreign(data, attempt, options, most) then status = false end
    local reply = 0
    if status == 'scheduled' then
      unschedule(root, id, queue)
      redis.call('HSET', job, 'status', 'queued', 'enqueued_at', stamp)
      queue_up(root, id, queue)
      event_by(root, 'promoted', id, queue, argv[1], argv[2])
      reply = 1
    end
    replies[#replies + 1] = reply
  end
  return replies
end
