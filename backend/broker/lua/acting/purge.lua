-- flags: allow-oom
-- Cancels what waits in a queue, from its front, and then in its lines where it is fair; what is no job of ours is set apart.
-- KEYS[1]  ROOT
-- ARGV[1]  queue
-- ARGV[2]  who asks
-- ARGV[3]  reason
-- ARGV[4]  most jobs in this call
-- Returns  how many ids were taken off, and how many lines were found empty; call again until both are 0
local function purge_one(root, id, taken, now, by, reason)
  local job, queue = root .. ':job:' .. id, taken.queue
  local status, origin, data, attempt, options, most =
    unpack(fields_of(job, 'status', 'origin', 'data', 'attempt', 'options', 'max_attempts'))
  if status and is_foreign(data, attempt, options, most) then
    set_apart(root, id, now)
  elseif status == 'queued' and origin == queue then
    cancel_waiting(root, job, id, queue, now, reason, by, 'canceled')
    if taken.is_lined then leave_line_of(root, queue, 'fair:') end
  else
    if taken.is_lined and not status then leave_lines(root, queue, 1) end
    drop(root, id, queue, status)
  end
end

-- All of them are out of their list, or their lines: where it breaks at one, those behind it stand again.
local function purge_all(root, taken, now, by, reason)
  for at, id in ipairs(taken.ids) do
    taken.at = at
    purge_one(root, id, taken, now, by, reason)
  end
end

local function purge(keys, argv)
  local root, now, queue = keys[1], now_ms(), argv[1]
  local ids, lines = redis.call('LPOP', root .. ':queue:' .. queue, tonumber(argv[4])), 0
  local is_lined = not ids
  if is_lined then ids, lines = next_in_turn(root, queue, tonumber(argv[4])) end
  local taken = {ids = ids or {}, queue = queue, is_lined = is_lined, at = 0}
  local ok, fault = pcall(purge_all, root, taken, now, argv[2], argv[3])
  if not ok then
    put_back(root, taken, now)
    error(fault, 0)
  end
  return {#taken.ids, lines or 0}
end
