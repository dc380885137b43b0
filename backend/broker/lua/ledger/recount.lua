-- flags: no-writes, allow-oom
-- How often some lists and sets hold one job, and what every structure says of it, all at one moment, for
-- the ledger: a job that moved between two calls would be missed in both of its places.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- ARGV[2…] places: 'queue:<name>', 'parked:<line>', 'holders:<gate>'
-- Returns  what `facts` says of the job, and one number a place
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
  return {facts(keys, {'1', id})[1], counts}
end
