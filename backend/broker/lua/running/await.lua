-- flags: allow-oom
-- Announces that somebody waits for a job's end; `settle` then leaves a token on the job's own list.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- ARGV[2]  '1': who asks was given a token that goes on to the next (optional)
-- Returns  the job's status, or nil when it is not known
local FINAL = {finished = true, failed = true, canceled = true}

local function await(keys, argv)
  local job = keys[1] .. ':job:' .. argv[1]
  local status, waiters = unpack(fields_of(job, 'status', 'waiters'))
  if status and not FINAL[status] then
    if tonumber(waiters or 0) < MOST_TOLD then redis.call('HINCRBY', job, 'waiters', 1) end
  elseif argv[2] == '1' then tell_on(keys[1], argv[1], 1) end
  return status
end
