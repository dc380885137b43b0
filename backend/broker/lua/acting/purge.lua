-- flags: allow-oom
-- Cancels what waits in a queue, from its front; what is no job of ours is set apart.
-- KEYS[1]  ROOT
-- ARGV[1]  queue
-- ARGV[2]  who asks
-- ARGV[3]  reason
-- ARGV[4]  most jobs in this call
-- Returns  how many ids were taken off; call again until 0
local function purge(keys, argv)
  local root, now, queue = keys[1], now_ms(), argv[1]
  local ids = redis.call('LPOP', root .. ':queue:' .. queue, tonumber(argv[4])) or {}
  for _, id in ipairs(ids) do
    local job = root .. ':job:' .. id
    local status, origin, data, attempt, options, most =
      unpack(fields_of(job, 'status', 'origin', 'data', 'attempt', 'options', 'max_attempts'))
    if status and is_foreign(data, attempt, options, most) then
      set_apart(root, id, now)
    elseif status == 'queued' and origin == queue then
      cancel_waiting(root, job, id, queue, now, argv[3], argv[2], 'canceled')
    else
      drop(root, id, queue, status)
    end
  end
  return #ids
end
