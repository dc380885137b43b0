-- flags: allow-oom
-- Asks a running job to stop of which the record has it that somebody asked. It hears of that with its next heartbeat.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- ARGV[2]  its mark as seen (`facts`)
-- Returns  1 asked, 0 left alone
local function remind(keys, argv)
  local root, id = keys[1], argv[1]
  if facts(keys, {'1', id})[1][21] ~= argv[2] then return 0 end
  redis.call('HSET', root .. ':job:' .. id, 'cancel', 'ask')
  return 1
end
