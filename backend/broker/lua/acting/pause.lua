-- flags: allow-oom
-- Stops workers from claiming: a queue, a lane or a job type. What runs goes on.
-- KEYS[1]  ROOT
-- ARGV[1]  what: 'queue:<name>', 'lane:<name>' or 'type:<name>'
-- ARGV[2]  who asks
-- ARGV[3]  reason
-- Returns  1 paused, 0 was paused already: who did that first keeps standing beside it
local function pause(keys, argv)
  local root, what = keys[1], argv[1]
  local paused = redis.call('SADD', root .. ':tally:paused', what)
  if paused == 1 then
    local note = {by = argv[2] or '', reason = argv[3] or '', since = now_ms()}
    redis.call('HSET', root .. ':tally:pauses', what, cjson.encode(note))
  end
  return paused
end
