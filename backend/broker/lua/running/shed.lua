-- flags: allow-oom
-- Drops the oldest lines of the event stream, recorded or not, while it holds more events than it may.
-- KEYS[1]  ROOT
-- ARGV[1]  most events to keep
-- ARGV[2]  most entries to drop in this call
-- Returns  how many events were dropped; call again until 0
local function events_in(entry)
  if entry[2][1] ~= '2' then return 1 end
  local _, events = string.gsub(entry[2][2], EVENT, '')
  return events
end

local function shed(keys, argv)
  local root, dropped = keys[1], 0
  local over = events_waiting(root) - tonumber(argv[1])
  if over <= 0 then return 0 end
  local entries, ids = redis.call('XRANGE', stream, '-', '+', 'COUNT', tonumber(argv[2])), {}
  for at = 1, #entries do
    if dropped >= over then break end
    dropped = dropped + events_in(entries[at])
    ids[at] = entries[at][1]
  end
  redis.call('XTRIM', stream, 'MAXLEN', '=', redis.call('XLEN', stream) - #ids)
  account(root)
  return dropped
end
