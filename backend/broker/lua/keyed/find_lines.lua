-- flags: allow-oom
-- Notes lines again that hold jobs and are not known, because `gates`, or the turns of a fair queue, were lost.
-- KEYS[1]  ROOT
-- ARGV     lines, as the jobs in them call them
-- Returns  how many were not known
local function find_lines(keys, argv)
  local root, found = keys[1], 0
  for at = 1, #argv do
    local queue = string.match(argv[at], '^fair:([^\31]*)\31')
    if redis.call('EXISTS', root .. ':tally:parked:' .. argv[at]) == 1 and note_line(root, argv[at]) == 1 then
      if queue then ring(root, lane_of(queue), 1) end
      found = found + 1
    end
  end
  return found
end
