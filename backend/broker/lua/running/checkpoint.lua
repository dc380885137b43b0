-- flags: allow-oom
-- Keeps what a started job wants its later attempts to know. Only the holder of its lease may.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- ARGV[2]  fence
-- ARGV[3]  the checkpoint (JSON)
-- Returns  1 kept, 0 the lease is lost
local function checkpoint(keys, argv)
  local root, id, fence, value = keys[1], argv[1], argv[2], argv[3]
  local job = root .. ':job:' .. id
  local f = fields_of(job, 'status', 'fence')
  if f[1] ~= 'started' or f[2] ~= fence then return 0 end
  redis.call('HSET', job, 'checkpoint', value)
  return 1
end
