-- flags: allow-oom
-- Announces that somebody waits for a job's end; `settle` then leaves a token on the job's own list.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- Returns  the job's status, or nil when it is not known
local function await(keys, argv)
  local job = keys[1] .. ':job:' .. argv[1]
  local status = redis.call('HGET', job, 'status')
  if status and status ~= 'finished' and status ~= 'failed' and status ~= 'canceled' then
    redis.call('HINCRBY', job, 'waiters', 1)
  end
  return status
end
