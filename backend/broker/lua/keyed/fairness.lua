-- flags: allow-oom
-- Makes a queue fair between the values of an option of its jobs, or fair no more, and moves who waits there into lines,
-- or out of them. Who dies half-way loses nothing: what is in the list goes first, and `usher` empties the lines.
-- KEYS[1]  ROOT
-- ARGV[1]  who asks
-- ARGV[2]  reason
-- ARGV[3]  queue
-- ARGV[4]  the rule (JSON: by, weights; '': not fair)
-- ARGV[5]  most jobs to move in this call
-- Returns  how many were looked at; call again until 0
local function has_rule(root, queue, value)
  local before = control_of(root, 'fairness:queue:' .. queue)
  return (before and before.value or '') == value
end

-- From the back to the front, each to the front of its line, so that their order stays while others join behind them.
local function to_lines(root, queue, most)
  local list = root .. ':queue:' .. queue
  local ids = redis.call('RPOP', list, most) or {}
  for _, id in ipairs(ids) do
    local status, origin, data, attempt, options, most_attempts = unpack(fields_of(root .. ':job:' .. id,
      'status', 'origin', 'data', 'attempt', 'options', 'max_attempts'))
    if status and is_foreign(data, attempt, options, most_attempts) then set_apart(root, id, now_ms())
    elseif status == 'queued' and origin == queue then line_up(root, id, queue, true)
    else drop(root, id, queue, status) end
  end
  return #ids
end

local function fairness(keys, argv)
  local root, queue, value = keys[1], argv[3], argv[4]
  if not has_rule(root, queue, value) then
    set_fair_rule(root, queue, value)
    note_control(root, 'fairness:queue:' .. queue, value, argv[1], argv[2])
  end
  if value ~= '' then return to_lines(root, queue, tonumber(argv[5])) end
  return to_list(root, queue, tonumber(argv[5]))
end
