-- flags: allow-oom
-- Stops workers from claiming: a queue, a lane or a job type. What runs goes on.
-- KEYS[1]  ROOT
-- ARGV[1]  what: 'queue:<name>', 'lane:<name>' or 'type:<name>'
-- ARGV[2]  who asks
-- ARGV[3]  reason
-- Returns  1 paused, 0 was paused already: who did that first keeps standing beside it
local function pause(keys, argv)
  local root, what, by, reason = keys[1], argv[1], argv[2] or '', argv[3] or ''
  if redis.call('SADD', root .. ':tally:paused', what) == 0 then return 0 end
  mark_paused(root, what, by, reason, now_ms())
  note_control(root, 'pause:' .. what, '1', by, reason)
  return 1
end
