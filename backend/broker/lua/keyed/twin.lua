-- flags: no-writes, allow-oom
-- Who would be answered in the place of jobs that are asked for. Nothing is accepted, nothing changed.
-- KEYS[1]  ROOT
-- ARGV     seven a job, '' where there is none: id, job type, data, digest, unique key, scope, on_conflict
-- Returns  one a job: nothing, or the id of its twin, what makes them one (job_id · idempotency_key · unique) and 'replaced'
--          when it would get the payload, 'conflict' when the id or key belongs to other contents, else ''
local function twin_of(root, id, kind, data, digest, unique, scope, on_conflict)
  local is_here = redis.call('EXISTS', root .. ':job:' .. id) == 1
  local found = is_here and id or holder_of(root, unique)
  if found then
    local word = conflict_with(root, found, kind, data, digest) and 'conflict' or ''
    return {found, is_here and 'job_id' or 'idempotency_key', word}
  end
  if scope == '' then return {} end
  local holder, _, is_first = scopes.holder(root, scope)
  return holder and {holder, 'unique', on_conflict ~= '' and is_first and 'replaced' or ''} or {}
end

local function twin(keys, argv)
  local replies = {}
  for at = 1, #argv, 7 do
    replies[#replies + 1] = twin_of(keys[1], unpack(argv, at, at + 6))
  end
  return replies
end
