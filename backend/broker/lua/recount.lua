-- flags: no-writes, allow-oom
-- How often some lists and sets hold one job, all at one moment, for the ledger.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- ARGV[2…] places: 'queue:<name>', 'parked:<gate>', 'holders:<gate>'
-- Returns  one number a place
local function recount(keys, argv)
  local root, id, counts = keys[1], argv[1], {}
  for at = 2, #argv do
    local kind, name = string.match(argv[at], '^(%a+):(.*)$')
    if kind == 'holders' then
      counts[#counts + 1] = redis.call('SISMEMBER', root .. ':tally:holders:' .. name, id)
    else
      local key = kind == 'queue' and root .. ':queue:' .. name or root .. ':tally:parked:' .. name
      counts[#counts + 1] = #redis.call('LPOS', key, id, 'COUNT', 0)
    end
  end
  return counts
end
