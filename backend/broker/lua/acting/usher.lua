-- flags: allow-oom
-- Lets through whoever still waits behind an open gate, because the caller who opened it did not get to
-- the end, or the job that had a slot, or was let through for it, is gone. Looks first at the gates not looked at for longest.
-- KEYS[1]  ROOT
-- ARGV[1]  most lines to look at in this call
-- ARGV[2]  most jobs to let through in this call
-- ARGV[3]  '1': tell of lines too (may be missing)
-- Returns  how many jobs were let through; call again at once while it is as many as may be, also while some are to be counted;
--          with lines that, and how many were forgotten, for they are empty
local PAGE = 500
-- In a call so many places behind gates are looked at for one whose queue is open, where those before it are of closed ones.
local PLACES = 2000

local function open_for(root, gate, look)
  local kind, name = string.match(gate, '^(%a+):(.*)$')
  if is_timed(gate) then return room_at(root, gate) end
  if kind == 'frozen' then return room_by_freeze(root, gate) end
  if kind == 'paused' then
    return redis.call('SISMEMBER', root .. ':tally:paused', 'type:' .. name) == 1 and 0 or math.huge
  end
  local room = room_at(root, gate)
  if (kind == 'type' or kind == 'tenant') and room == math.huge then return room end
  -- Without a limit a key's next job is none: it is dropped, and the one after it tells the room.
  if room == math.huge then return 1 end
  return room > 0 and is_on_the_way(root, kind, gate, look) and 0 or room
end

local function forget_line(root, lines, line, gate)
  redis.call('ZREM', lines, line)
  redis.call('HDEL', root .. ':tally:turns', gate, '>' .. gate)
  forget_places(root, line)
end

-- Whoever made them fair no more, or began to count the jobs of a tenant, did not get to the end. Most deployments have
-- neither.
local function finish(root, left)
  if redis.call('EXISTS', root .. ':tally:fair', root .. ':tally:uncounted') == 0 then return left end
  for queue, rule in pairs(fair_rules(root)) do
    if rule.by == '' and left > 0 then left = left - to_list(root, queue, left) end
  end
  return count_on(root, PAGE) and 0 or left
end

local function usher(keys, argv)
  local root, lines, left, now = keys[1], keys[1] .. ':tally:gates', tonumber(argv[2]), now_ms()
  local look, forgotten = {places = PLACES, seen = {}}, 0
  for _, line in ipairs(redis.call('ZRANGE', lines, 0, tonumber(argv[1]) - 1)) do
    local gate, parked = gate_of(line), root .. ':tally:parked:' .. line
    if redis.call('EXISTS', parked) == 1 and room_at(root, gate) <= 0 then drop_gone_holders(root, gate, look.seen) end
    if redis.call('EXISTS', parked) == 1 then left = left - unpark(root, gate, open_for(root, gate, look), left) end
    if redis.call('EXISTS', parked) == 0 then
      forget_line(root, lines, line, gate)
      forgotten = forgotten + 1
    elseif left > 0 then redis.call('ZADD', lines, now, line) end
    if left == 0 then break end
  end
  local through = tonumber(argv[2]) - finish(root, left)
  return argv[3] == '1' and {through, forgotten} or through
end
