-- flags: allow-oom
-- Publishes job types that a worker knows. Of each the highest version stays, and of one version what came last.
-- Its declared limit and rate are the type's, unless a person has said another control of it.
-- KEYS[1]  ROOT
-- ARGV     fives: job type, version, what is declared of it (JSON), its limit (0: none), its rate ('': none)
-- Returns  one code a five: 0 it was so before · 1 new · 2 changed · 3 a higher version is there; and where
--          `muster` has to go on among the leases for those with a limit ('0': all were looked at); then pairs: a type of
--          which more may be let through, and how much room `limit` left to another call of it
local function limit_as_declared(root, kind, most, more)
  local control, holds = control_of(root, 'limit:type:' .. kind), redis.call('HGET', root .. ':tally:limits', kind)
  -- A limit without a control was set by a person, through a release that knew of no controls.
  if (control and control.by ~= 'declaration') or (holds and not control) or (holds or '0') == most then return '0' end
  local _, from, left = unpack(limit({root}, {'declaration', 'declared with the job type', kind, most}))
  if left then more[#more + 1], more[#more + 2] = kind, left end
  return from
end

local function rate_as_declared(root, kind, value)
  local control = control_of(root, 'rate:type:' .. kind)
  if control and control.by ~= 'declaration' then return end
  if (control and control.value or '') ~= value then rate({root}, {'declaration', 'declared with the job type', kind, value}) end
end

local function declare(keys, argv)
  local root, codes, from, more = keys[1], {}, '0', {}
  local types = root .. ':tally:types'
  for at = 1, #argv, 5 do
    local name, version, said = argv[at], argv[at + 1], argv[at + 1] .. ' ' .. argv[at + 2]
    local held = redis.call('HGET', types, name)
    local held_version = held and tonumber(string.match(held, '^%d+')) or 0
    local code = 1
    if held == said then code = 0
    elseif held_version > tonumber(version) then code = 3
    elseif held_version == tonumber(version) then code = 2 end
    if code == 1 or code == 2 then redis.call('HSET', types, name, said) end
    if code ~= 3 then
      rate_as_declared(root, name, argv[at + 4])
      local rest = limit_as_declared(root, name, argv[at + 3], more)
      if rest ~= '0' then from = rest end
    end
    codes[#codes + 1] = code
  end
  codes[#codes + 1] = from
  for _, each in ipairs(more) do codes[#codes + 1] = each end
  return codes
end
