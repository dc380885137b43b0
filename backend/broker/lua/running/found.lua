-- flags: no-writes, allow-oom
-- Who else keeps jobs under the prefix: RQ uses the same names.
-- KEYS[1]  ROOT
-- ARGV[1]  '1': looks also where we have been before
-- Returns  how many workers of others are registered, then the names of their queues; nothing where nobody else is, or
--          (unless asked) where we have been: so Redis may be emptied while we are at work
local OURS = {'events', 'stream', 'types', 'controls_version', 'leader:scheduler', 'dead'}

local function are_at_work(root)
  for _, name in ipairs(OURS) do
    if redis.call('EXISTS', root .. ':tally:' .. name) == 1 then return true end
  end
end

local function members(key)
  local members = redis.pcall('SMEMBERS', key)
  return members.err and {} or members
end

-- A worker whose hash is gone is nobody any more.
local function workers_in(root)
  local ours, others = 0, 0
  for _, worker in ipairs(members(root .. ':workers')) do
    local f = fields_of(worker, 'birth', 'tally_version')
    if f[2] then ours = ours + 1 elseif f[1] then others = others + 1 end
  end
  return ours, others
end

-- Jobs of ours are counted where they are accepted; they may be moved to where none was.
local function is_counted(root, queue)
  return queue == 'dlq' or redis.call('EXISTS', root .. ':tally:counts:' .. queue) == 1
end

local function found(keys, argv)
  local root, looks_anyway = keys[1], argv[1] == '1'
  if not looks_anyway and are_at_work(root) then return nil end
  local ours, others = workers_in(root)
  local reply, head = {others}, #root + #':queue:' + 1
  for _, key in ipairs(members(root .. ':queues')) do
    local queue = string.sub(key, head)
    if is_counted(root, queue) then ours = ours + 1
    elseif not (looks_anyway and OUR_PRIORITIES[priority_of(queue)]) then reply[#reply + 1] = queue end
  end
  if (ours > 0 and not looks_anyway) or (others == 0 and #reply == 1) then return nil end
  return reply
end
