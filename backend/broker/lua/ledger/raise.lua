-- flags: allow-oom
-- Lifts the id of the next event above every one that is known of, where the stream is behind them: after a
-- fail-over to a server whose clock is behind, an older copy, a rebuild. The record takes no event below one
-- that it has of the same job. Never lowers it.
-- What was told between the two ids is on record, and the books of this Redis lack it; a repair asks for that.
-- KEYS[1]  ROOT
-- ARGV[1]  milliseconds and
-- ARGV[2]  sequence of the highest id that is known of
-- Returns  the id above which the next event is, and the last one before that ('0-0': there was none)
local function last_id(key)
  local facts = redis.call('XINFO', 'STREAM', key)
  for at = 1, #facts, 2 do
    if facts[at] == 'last-generated-id' then return facts[at + 1] end
  end
end

-- The next millisecond is asked for when the ids of one are used up: nothing is lacking. Lifted twice, it lacks what it lacked.
local function note_lack(root, last, last_ms, ms)
  local books = root .. ':tally:stream'
  if ms <= last_ms + 1 then return end
  if redis.call('HGET', books, 'raised') ~= last then redis.call('HSET', books, 'lacks_from', last_ms) end
  redis.call('HSET', books, 'lacks_until', ms)
end

local function raise(keys, argv)
  local key, ms, sequence = keys[1] .. ':tally:events', tonumber(argv[1]), tonumber(argv[2])
  history(keys[1])
  local last = last_id(key)
  local last_ms, last_sequence = string.match(last, '^(%d+)-(%d+)$')
  last_ms, last_sequence = tonumber(last_ms), tonumber(last_sequence)
  note_lack(keys[1], last, last_ms, ms)
  -- That far its own clock has brought it: should it be set back, nothing is below what was written until now.
  local now = now_ms()
  if now > ms then ms, sequence = now, 0 end
  if ms < last_ms or (ms == last_ms and sequence <= last_sequence) then return {last, last} end
  local raised = string.format('%.0f-%.0f', ms, sequence)
  redis.call('XSETID', key, raised)
  redis.call('HSET', keys[1] .. ':tally:stream', 'raised', raised)
  return {raised, last}
end
