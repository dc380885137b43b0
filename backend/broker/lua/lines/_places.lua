-- Where a job of a fair queue is put behind a gate: keys take turns there too, else one with very many jobs in line, which all
-- come to the gate long before it opens for them, holds up everybody once more. Shared by every step; behind `_fair`, `_gates`
-- builds on it. Beside a line are `places:<line>`, its jobs by virtual time, and `spent:<line>`, how far each key has come.
-- Both tell alone where a newcomer is put in: who is the next, and who is there at all, says the list. So whoever leaves it, by
-- whatever way, need not say so here.
local put_in_turn, forget_places
do
  -- As in `_fair`; and how many are looked at that have left the line before one is found that is there.
  local ROUND, LOOKS, MOST_GONE = 0.999, 5, 200

  function forget_places(root, line)
    redis.call('DEL', root .. ':tally:places:' .. line, root .. ':tally:spent:' .. line)
  end

  -- The virtual time of a line is that of its first job. Those before it have left.
  local function time_of(root, line)
    local first, places = redis.call('LINDEX', root .. ':tally:parked:' .. line, 0), root .. ':tally:places:' .. line
    if not first then forget_places(root, line) return 0 end
    local at = redis.call('ZSCORE', places, first)
    local gone = at and redis.call('ZRANGEBYSCORE', places, '-inf', '(' .. at, 'LIMIT', 0, MOST_GONE) or {}
    if #gone > 0 then redis.call('ZREM', places, unpack(gone)) end
    return tonumber(at or redis.call('ZRANGE', places, 0, 0, 'WITHSCORES')[2] or '0')
  end

  -- Before the first that has its turn later.
  local function put(root, line, id, at)
    local list, places = root .. ':tally:parked:' .. line, root .. ':tally:places:' .. line
    for _ = 1, LOOKS do
      local later = redis.call('ZRANGEBYSCORE', places, '(' .. at, '+inf', 'LIMIT', 0, 1)[1]
      if not later then break end
      local waiting = redis.call('LINSERT', list, 'BEFORE', later, id)
      if waiting > 0 then return waiting end
      redis.call('ZREM', places, later)
    end
    return redis.call('RPUSH', list, id)
  end

  -- Returns how many are in the line then.
  function put_in_turn(root, line, id, queue, options)
    local key, stride = turn_of(root, queue, options)
    local now, spent = time_of(root, line), root .. ':tally:spent:' .. line
    local had = tonumber(redis.call('HGET', spent, key) or nil) or -1
    local at = string.format('%.6f', had >= now and had + stride or now + ROUND * stride)
    local waiting = put(root, line, id, at)
    redis.call('ZADD', root .. ':tally:places:' .. line, at, id)
    redis.call('HSET', spent, key, at)
    return waiting
  end
end
