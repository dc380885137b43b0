-- flags: allow-oom
-- Takes over controls from the record, each if it is newer than what was said of the same thing here.
-- What waits behind a gate that opens by it, `usher` lets through.
-- KEYS[1]  ROOT
-- ARGV[1]  how many lanes follow; they are woken when something is lifted
-- ARGV[2…] the lanes, then six a control: name, value ('': lifted), version, who, reason, since (ms)
-- Returns  how many were newer
local function obey(root, name, control)
  local kind, what = string.match(name, '^(%a+):(.*)$')
  if kind == 'pause' and control.value ~= '' then mark_paused(root, what, control.by, control.reason, control.since)
  elseif kind == 'pause' then mark_resumed(root, what)
  elseif kind == 'limit' then
    local limited = string.sub(what, 6)
    limit_type(root, limited, tonumber(control.value) or 0)
    if control.value ~= '' then muster({root}, {'0', '500', limited}) end
  elseif kind == 'keylimit' or kind == 'keyrate' then say_of_key(root, kind, string.sub(what, 5), control.value)
  elseif kind == 'quota' then say_quota(root, string.sub(what, 8), control.value)
  elseif kind == 'fairness' then set_fair_rule(root, string.sub(what, 7), control.value)
  elseif kind == 'rate' then rate_type(root, string.sub(what, 6), control.value)
  elseif kind == 'breaker' and control.value ~= '' then
    open_by_hand(root, what, control.by, control.reason, control.since)
  elseif kind == 'breaker' then close_by_hand(root, what, now_ms())
  elseif kind == 'freeze' and control.value == '' then write_windows(root, what, {}, 1, now_ms())
  -- The windows of one that holds are the calendar's to find out, who learns so that it must.
  elseif kind == 'freeze' then redis.call('DEL', root .. ':tally:planned_version') end
  -- Of any other kind a later release knows what it means: it is kept for it.
end

local function adopt(keys, argv)
  local root, lanes, adopted, is_lifted = keys[1], tonumber(argv[1]), 0, false
  for at = 2 + lanes, #argv, 6 do
    local name = argv[at]
    local control = {value = argv[at + 1], version = argv[at + 2], by = argv[at + 3], reason = argv[at + 4],
      since = tonumber(argv[at + 5])}
    local before = control_of(root, name)
    if not before or tonumber(before.version) < tonumber(control.version) then
      keep_control(root, name, control)
      obey(root, name, control)
      adopted, is_lifted = adopted + 1, is_lifted or control.value == ''
    end
  end
  if is_lifted then for at = 2, 1 + lanes do ring(root, argv[at], 64) end end
  return adopted
end
