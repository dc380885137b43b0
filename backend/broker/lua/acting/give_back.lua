-- flags: allow-oom
-- Sends jobs that are not ours, and were set apart, to a queue that other programs work on.
-- KEYS[1]  ROOT
-- ARGV[1]  queue of RQ, none of ours
-- ARGV[2…] ids
-- Returns  one a job: 1 queued there, 0 not set apart, or gone meanwhile; or one of ours that is damaged, which stays apart
local function give_back(keys, argv)
  local root, queue, replies = keys[1], argv[1], {}
  for at = 2, #argv do
    local id = argv[at]
    local job = root .. ':job:' .. id
    local status, data, attempt, options, most = unpack(fields_of(job, 'status', 'data', 'attempt', 'options', 'max_attempts'))
    local is_ours = status and not is_foreign(data, attempt, options, most)
    local is_apart = not is_ours and redis.call('ZREM', root .. ':tally:foreign', id) == 1
    if is_apart and status then
      redis.call('HSET', job, 'status', 'queued', 'origin', queue)
      redis.call('SADD', root .. ':queues', root .. ':queue:' .. queue)
      redis.call('RPUSH', root .. ':queue:' .. queue, id)
    end
    replies[#replies + 1] = is_apart and status and 1 or 0
  end
  return replies
end
