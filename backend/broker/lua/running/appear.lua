-- flags: allow-oom
-- Says that a worker process is here, for some time. Also while memory is full: whoever drains it must be seen, and there are few.
-- KEYS[1]  ROOT
-- ARGV[1]  its name
-- ARGV[2]  how long that holds (s)
-- ARGV[3]  a job that it runs ('': none)
-- ARGV[4]  how many queues follow, in whose sets it appears as RQ's workers do (0: it has appeared)
-- ARGV[5…] the queues, then names and values of its hash
-- Returns  1 it is here, 0 it has appeared, and nobody knows of it any more (nothing written)
local function appear(keys, argv)
  local root, queues = keys[1], tonumber(argv[4])
  local worker = root .. ':worker:' .. argv[1]
  if queues == 0 and redis.call('EXISTS', worker) == 0 then return 0 end
  redis.call('HSET', worker, unpack(argv, 5 + queues))
  if argv[3] == '' then redis.call('HDEL', worker, 'current_job') else redis.call('HSET', worker, 'current_job', argv[3]) end
  redis.call('EXPIRE', worker, argv[2])
  if queues == 0 then return 1 end
  redis.call('SADD', root .. ':workers', worker)
  for at = 5, 4 + queues do redis.call('SADD', root .. ':workers:' .. argv[at], worker) end
  return 1
end
