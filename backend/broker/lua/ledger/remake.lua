-- flags: allow-oom
-- Makes a job again as the record has it, in the place of an older copy; or takes that out, where the job was discarded since.
-- Done only if nothing of the job has changed since the ledger saw it.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- ARGV[2]  its mark as seen (`facts`)
-- ARGV[3]  '1': its checkpoint stands, for its payload is the same, else ''
-- ARGV[4]  how many places follow
-- ARGV[5…] places that were seen to hold it, as `recount` has them; then the job as `restore` takes it, or nothing: it was
--          discarded
-- Returns  1 done, 0 left alone
-- What the record does not know and still holds: what callers asked for, who waits for it, how far its handler came.
local function kept_of(job, has_checkpoint)
  local flat, kept = redis.call('HGETALL', job), {}
  for at = 1, #flat, 2 do
    local name = flat[at]
    local is_said = name == 'digest' or name == 'waiters' or string.sub(name, 1, 6) == 'asked:'
    if is_said or name == 'checkpoint' and has_checkpoint then
      kept[#kept + 1], kept[#kept + 2] = name, flat[at + 1]
    end
  end
  return kept
end

-- As `restore` does it, which makes the hash anew. Returns the state that it is in now, and its queue.
local function make(root, job, id, kept, texts)
  redis.call('DEL', job)
  if texts[2] then restore({root}, texts) end
  local status, queue = unpack(fields_of(job, 'status', 'origin'))
  if status and #kept > 0 then redis.call('HSET', job, unpack(kept)) end
  return status, queue
end

local function remake(keys, argv)
  local root, id, last = keys[1], argv[1], 4 + tonumber(argv[4])
  local job = root .. ':job:' .. id
  if facts(keys, {'1', id})[1][21] ~= argv[2] then return 0 end
  local was_in, waiters = leave_redis(root, job, id, {unpack(argv, 5, last)})
  local state, queue = make(root, job, id, kept_of(job, argv[3] == '1'), {'0', unpack(argv, last + 1)})
  if queue and queue ~= was_in then
    count(root, was_in, 'accepted', -1)
    count(root, queue, 'accepted', 1)
  end
  -- Dead on record it is counted where it is, or was before it was discarded.
  if not state or state == 'failed' then count(root, queue or was_in, 'failed', 1) end
  if not MAY_KEEP[state] then ended(root, job, id, 'over on record', waiters) end
  return 1
end
