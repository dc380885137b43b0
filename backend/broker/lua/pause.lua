-- flags: allow-oom
-- Stops workers from claiming: a queue, a lane or a job type. What runs goes on.
-- KEYS[1]  ROOT
-- ARGV[1]  what: 'queue:<name>', 'lane:<name>' or 'type:<name>'
-- Returns  1 paused, 0 was paused already
local function pause(keys, argv)
  return redis.call('SADD', keys[1] .. ':tally:paused', argv[1])
end
