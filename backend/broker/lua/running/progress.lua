-- flags: allow-oom
-- Notes how far a started job is. Only the holder of its lease may.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- ARGV[2]  fence
-- ARGV[3]  progress (JSON)
-- Returns  1 noted, 0 the lease is lost, 2 noted and asked to cancel
local function progress(keys, argv)
  local job = keys[1] .. ':job:' .. argv[1]
  local f = fields_of(job, 'status', 'fence', 'cancel')
  if f[1] ~= 'started' or f[2] ~= argv[2] then return 0 end
  redis.call('HSET', job, 'progress', argv[3])
  return f[3] and 2 or 1
end
