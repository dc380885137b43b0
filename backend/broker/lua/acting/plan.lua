-- flags: allow-oom
-- Writes the windows of the next time, as the calendar has them: only while the word that it read of the freeze still holds.
-- KEYS[1]  ROOT
-- ARGV[1]  fence of the caller's leadership (0: none); a lower one than seen before is refused
-- ARGV[2]  name of the freeze
-- ARGV[3]  version of the word
-- ARGV[4…] its windows, fours: what, from, until, ramp (ms)
-- Returns  1 written, 0 another word holds, -1 a newer leader has been here
local function plan(keys, argv)
  local root, seen_key = keys[1], keys[1] .. ':tally:leader:calendar:seen'
  local fence, seen = tonumber(argv[1]), tonumber(redis.call('GET', seen_key) or '0')
  if fence > 0 and fence < seen then return -1 end
  if fence > seen then redis.call('SET', seen_key, argv[1]) end
  local control = control_of(root, 'freeze:' .. argv[2])
  if not control or control.version ~= argv[3] then return 0 end
  write_windows(root, argv[2], argv, 4, now_ms())
  return 1
end
