-- flags: allow-oom
-- Publishes job types that a worker knows. Of each the highest version stays, and of one version what came last.
-- KEYS[1]  ROOT
-- ARGV     triples: job type, version, what is declared of it (JSON)
-- Returns  one code a triple: 0 it was so before · 1 new · 2 changed · 3 a higher version is there
local function declare(keys, argv)
  local types, codes = keys[1] .. ':tally:types', {}
  for at = 1, #argv, 3 do
    local name, version, said = argv[at], argv[at + 1], argv[at + 1] .. ' ' .. argv[at + 2]
    local held = redis.call('HGET', types, name)
    local held_version = held and tonumber(string.match(held, '^%d+')) or 0
    local code = 1
    if held == said then code = 0
    elseif held_version > tonumber(version) then code = 3
    elseif held_version == tonumber(version) then code = 2 end
    if code == 1 or code == 2 then redis.call('HSET', types, name, said) end
    codes[#codes + 1] = code
  end
  return codes
end
