-- flags: allow-oom
-- Every control that is kept here: what operators said last of each thing. What holds without one, or was lifted
-- against one, was done by an earlier release, which knew of no controls: it gets one first.
-- KEYS[1]  ROOT
-- Returns  pairs: name ('pause:queue:low', 'limit:type:greet'), control (JSON: value, version, by, reason, since)

-- Where nothing tells when it was said, and nothing was said before, any control of the record is newer.
local function take_over(root, name, value, note)
  local before, since = control_of(root, name), tonumber(note.since) or 0
  if before and since == 0 then since = now_ms() end
  local least = before and tonumber(before.version) + 1 or 1
  keep_control(root, name, {value = value, by = note.by or '', reason = note.reason or '', since = since,
    version = string.format('%.0f', math.max(since * 1000, least))})
end

local function take_over_pauses(root, paused)
  for what in pairs(paused) do
    local control = control_of(root, 'pause:' .. what)
    if not control or control.value == '' then
      take_over(root, 'pause:' .. what, '1', json_of(root .. ':tally:pauses', what) or {})
    end
  end
end

local function take_over_limits(root, limits)
  for kind, most in pairs(limits) do
    local control = control_of(root, 'limit:type:' .. kind)
    if not control or control.value ~= most then take_over(root, 'limit:type:' .. kind, most, {}) end
  end
end

-- A pause whose note is still there was not lifted: somebody deleted the set, and it holds again.
local function take_over_ends(root, names, paused, limits)
  for _, name in ipairs(names) do
    local kind, what = string.match(name, '^(%a+):(.*)$')
    local control = control_of(root, name)
    if not control or control.value == '' then kind = '' end
    if kind == 'pause' and not paused[what] then
      if redis.call('HGET', root .. ':tally:pauses', what) then redis.call('SADD', root .. ':tally:paused', what)
      else take_over(root, name, '', {}) end
    elseif kind == 'rate' and not redis.call('HGET', root .. ':tally:rates', string.sub(what, 6)) then
      rate_type(root, string.sub(what, 6), control.value)
    elseif kind == 'keylimit' or kind == 'keyrate' then say_of_key(root, kind, string.sub(what, 5), control.value)
    elseif kind == 'quota' and not quota_of(root, string.sub(what, 8)) then say_quota(root, string.sub(what, 8), control.value)
    elseif kind == 'fairness' and not fair_rules(root)[string.sub(what, 7)] then set_fair_rule(root, string.sub(what, 7), control.value)
    elseif kind == 'limit' and not limits[string.sub(what, 6)] then take_over(root, name, '', {}) end
  end
end

local function controls(keys, argv)
  local root, paused, limits, flat = keys[1], {}, {}, redis.call('HGETALL', keys[1] .. ':tally:limits')
  for _, what in ipairs(redis.call('SMEMBERS', root .. ':tally:paused')) do paused[what] = true end
  for at = 1, #flat, 2 do limits[flat[at]] = flat[at + 1] end
  local said, names = redis.call('HGETALL', root .. ':tally:controls'), {}
  for at = 1, #said, 2 do names[#names + 1] = said[at] end
  take_over_ends(root, names, paused, limits)
  take_over_pauses(root, paused)
  take_over_limits(root, limits)
  return redis.call('HGETALL', root .. ':tally:controls')
end
