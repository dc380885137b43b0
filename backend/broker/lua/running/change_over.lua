-- flags: allow-oom
-- Has steps write lines from now on, unless a recorder still reads that knows entries of one event alone. That one would
-- set lines aside; it takes nothing from those who read them, for they are a group of their own.
-- KEYS[1]  ROOT
-- ARGV[1]  group of the recorders that read lines
-- ARGV[2]  group of those that do not
-- ARGV[3]  how long (ms) one of these must have been silent to count as gone
-- Returns  1 lines are written and the other group is no more, 0 not yet, -1 the caller may not look at groups or make them
local function named(fields, name)
  for at = 1, #fields, 2 do
    if fields[at] == name then return fields[at + 1] end
  end
end

local function is_read(consumers, silent)
  for _, consumer in ipairs(consumers) do
    if named(consumer, 'idle') < silent then return true end
  end
  return false
end

local function change_over(keys, argv)
  local stream = keys[1] .. ':tally:events'
  local made = redis.pcall('XGROUP', 'CREATE', stream, argv[1], '0', 'MKSTREAM')
  if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return -1 end
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    if named(group, 'name') == argv[2] then
      local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, argv[2])
      if consumers.err then return -1 end
      if is_read(consumers, tonumber(argv[3])) then return 0 end
      if type(redis.pcall('XGROUP', 'DESTROY', stream, argv[2])) == 'table' then return -1 end
    end
  end
  redis.call('HSET', keys[1] .. ':tally:stream', 'schema', '2')
  return 1
end
