-- flags: allow-oom
-- Makes finished jobs known again whose keys still stand for them, so that a call that is said again is answered with the job
-- that was made for it, and makes no other. What came of them is on record, and not here.
-- KEYS[1]  ROOT
-- ARGV[1…] thirteen a job: id, queue, job type, data, options, max attempts, attempt, accepted at (ms), ended at (ms), unique
--          key, unique window (ms), scope, digest of what was asked for
-- Returns  one a job: 1 known again, 0 it is here, or no key stands for it any more
local function recall_one(root, argv, at, now, key_ends, ends)
  local id, queue, job = argv[at], argv[at + 1], root .. ':job:' .. argv[at]
  local fields = {'status', 'finished', 'origin', queue, 'description', argv[at + 2], 'data', argv[at + 3],
    'options', argv[at + 4], 'max_attempts', argv[at + 5], 'attempt', argv[at + 6],
    'created_at', iso(tonumber(argv[at + 7])), 'ended_at', iso(tonumber(argv[at + 8]))}
  local function add(name, value) fields[#fields + 1] = name fields[#fields + 1] = value end
  scopes.remember(root, id, argv[at + 11], 'finished', argv[at + 6], argv[at + 7], now, add)
  add('unique_until', string.format('%.0f', ends))
  add('asked:' .. argv[at + 12], '1')
  if argv[at + 9] ~= '' then
    add('unique_key', argv[at + 9])
    hold_key(root, id, argv[at + 9], key_ends - now)
  end
  redis.call('HSET', job, unpack(fields))
  redis.call('SADD', root .. ':queues', root .. ':queue:' .. queue)
  count(root, queue, 'accepted', 1)
  count(root, queue, 'finished', 1)
  keep(root, job, id, queue, 'finished', 0, now, true, ends)
end

local function recall(keys, argv)
  local root, now, replies = keys[1], now_ms(), {}
  for at = 1, #argv, 13 do
    local key_ends, ends = scopes.stand_until(tonumber(argv[at + 7]), argv[at + 9], argv[at + 10], argv[at + 11])
    local reply = 0
    if ends > now and redis.call('EXISTS', root .. ':job:' .. argv[at]) == 0 then
      recall_one(root, argv, at, now, key_ends, ends)
      reply = 1
    end
    replies[#replies + 1] = reply
  end
  return replies
end
