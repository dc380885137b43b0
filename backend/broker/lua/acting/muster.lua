-- flags: allow-oom
-- Counts jobs that run already as holders of their type's limit, because the limit came after they started.
-- KEYS[1]  ROOT
-- ARGV[1]  where to go on among the leases ('0': the beginning)
-- ARGV[2]  about how many leases to look at in this call
-- ARGV[3…] job types
-- Returns  where to go on, '0' at the end. A lease that is there all the time is looked at; a job that
--          starts meanwhile counts itself.
local function join(root, id, wanted)
  local job = root .. ':job:' .. id
  local status, kind, gates = unpack(fields_of(job, 'status', 'description', 'gates'))
  if status ~= 'started' or not wanted[kind] then return end
  local gate = 'type:' .. kind
  if redis.call('SADD', root .. ':tally:holders:' .. gate, id) == 0 then return end
  redis.call('HSET', job, 'gates', gates and gates .. '\n' .. gate or gate)
end

local function muster(keys, argv)
  local root, wanted = keys[1], {}
  for at = 3, #argv do wanted[argv[at]] = true end
  local page = redis.call('ZSCAN', root .. ':tally:leases', argv[1], 'COUNT', argv[2])
  for at = 1, #page[2], 2 do join(root, page[2][at], wanted) end
  return page[1]
end
