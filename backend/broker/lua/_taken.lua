-- Jobs that a call took off a queue to look at them one by one: `ids`, the `queue`, whether they stood in the lines of a fair
-- queue (`is_lined`), and how far the call has come (`at`). Where it breaks at one, `put_back` says what becomes of the others.
-- Shared by every step; the loader puts it behind `_endings`.

-- Of the lines of a fair queue, without a start.
local function leave_unstarted(root, job, queue)
  redis.call('HDEL', job, 'parked')
  leave_lines(root, queue, 1)
end

-- Those behind the one at which a call broke stand where they stood, in their order.
local function stand_again(root, id, taken)
  local line = taken.is_lined and line_in(fields_of(root .. ':job:' .. id, 'parked')[1])
  if not line then return to_queue(root, id, taken.queue, true) end
  redis.call('LPUSH', root .. ':tally:parked:' .. line, id)
  note_line(root, line)
  ring(root, lane_of(taken.queue), 1)
end

-- That one waits aside like a job that is not ours, or each call would break at it; unless it has its place already.
local function set_breaker_apart(root, id, taken, now)
  local job = root .. ':job:' .. id
  local status, parked = unpack(fields_of(job, 'status', 'parked'))
  local line = line_in(parked)
  local is_in_line = line and taken.is_lined and string.sub(line, 1, 5) == 'fair:'
  if status ~= 'queued' or line and not is_in_line then return end
  if line then leave_unstarted(root, job, taken.queue) end
  set_apart(root, id, now)
end

-- What a call took off a queue and did not come to.
local function put_back(root, taken, now)
  for at = #taken.ids, taken.at + 1, -1 do stand_again(root, taken.ids[at], taken) end
  set_breaker_apart(root, taken.ids[taken.at], taken, now)
end
