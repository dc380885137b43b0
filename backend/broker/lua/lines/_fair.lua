-- Fair queues: the jobs of one key (a tenant, …) stand in a line of their own and lines take turns, so that who enqueues very
-- many jobs holds up nobody but himself. Shared by every step; behind `_prelude`, and `_gates` builds on it.
-- A line is a list like those behind gates, and what a job calls `parked` is its line, 'fair:<queue>␟<key>': so cancel and
-- the books know it, of the last release too. `lines:<queue>` has the keys by virtual time: the least takes the next
-- turn, which costs it 1 by its weight. Who was not in turn comes at the end of the round: nobody saves turns up, and
-- newcomers without end keep nobody waiting. One whose line ran empty is taken out at its turn, and keeps until
-- then what it has used. What was given back, or let through a gate, is in the queue's own list, which goes first.
-- A rule is '<option of jobs that tells the key>', with ' weighted' where a key counts for more; '': fair no more, until no
-- line is left.
local line_up, leave_line_of, leave_lines, fair_rules, set_fair_rule, come_into_turn, fair_line_of
local first_in_lines, charge_turn, turn_of, turns_key, strides, leave_unseen
do
  -- Of a turn: behind the key that is next by so much a new one comes, before those who have had theirs.
  local ROUND = 0.999
  local known, known_for

  -- By queue; asked once a call.
  function fair_rules(root)
    if known_for == gathered then return known end
    known, known_for = {}, gathered
    local flat = redis.call('HGETALL', root .. ':tally:fair')
    for at = 1, #flat, 2 do
      local by, weighted = string.match(flat[at + 1], '^(%S*)(.*)$')
      known[flat[at]] = {by = by, is_weighted = weighted ~= ''}
    end
    return known
  end

  -- A control is JSON: {"by": "tenant", "weights": {"acme": 3}}; '': not fair.
  function set_fair_rule(root, queue, value)
    local is_ours, said = pcall(cjson.decode, value)
    local by = is_ours and type(said) == 'table' and said.by or ''
    local weights, rule = root .. ':tally:weights:' .. queue, by
    redis.call('DEL', weights)
    for key, weight in pairs(by ~= '' and type(said.weights) == 'table' and said.weights or {}) do
      redis.call('HSET', weights, key, weight)
      rule = by .. ' weighted'
    end
    redis.call('HSET', root .. ':tally:fair', queue, rule)
    known_for = nil
  end

  function turns_key(root, queue)
    return root .. ':tally:lines:' .. queue
  end

  -- How far one turn brings each key.
  function strides(root, queue, keys)
    local rule, found = fair_rules(root)[queue], {}
    local weights = rule and rule.is_weighted and redis.call('HMGET', root .. ':tally:weights:' .. queue, unpack(keys))
    for at, key in ipairs(keys) do found[key] = 1 / (weights and tonumber(weights[at] or nil) or 1) end
    return found
  end

  -- Where the virtual time of a queue is, and how far from there a key comes into turn.
  function come_into_turn(root, queue, key)
    local first = redis.call('ZRANGE', turns_key(root, queue), 0, 0, 'WITHSCORES')
    return turns_key(root, queue), tonumber(first[2] or '0') + ROUND * strides(root, queue, {key})[key]
  end

  -- What is no text, or not said, is nobody's: such jobs share a line, which takes turns with the others.
  function fair_line_of(queue, options, by)
    local is_ours, said = pcall(cjson.decode, options or '{}')
    local key = is_ours and type(said) == 'table' and said[by]
    return 'fair:' .. queue .. '\31' .. (type(key) == 'string' and key or '')
  end

  local function count_in_lines(root, queue, by)
    count(root, queue, 'parked', by)
    count(root, queue, 'lined', by)
  end

  -- To the end of its line (or its front), where its queue is fair: false where it is not.
  function line_up(root, id, queue, front)
    local rule, job = fair_rules(root)[queue], root .. ':job:' .. id
    if not rule or rule.by == '' then return false end
    local line = fair_line_of(queue, fields_of(job, 'options')[1], rule.by)
    local waiting = redis.call(front and 'LPUSH' or 'RPUSH', root .. ':tally:parked:' .. line, id)
    if waiting == 1 then
      local key = string.match(line, '\31(.*)$')
      local turns, at = come_into_turn(root, queue, key)
      redis.call('ZADD', turns, 'NX', at, key)
    end
    redis.call('HSET', job, 'parked', line)
    count_in_lines(root, queue, 1)
    return true
  end

  -- One that waited aside does so no more, in whatever line that was.
  function leave_line_of(root, queue, line)
    if string.sub(line, 1, 5) == 'fair:' then count_in_lines(root, queue, -1)
    else count(root, queue, 'parked', -1) end
  end

  -- A job without a hash left a line behind a gate, which does not know of which queue it was: noted until the ledger, which
  -- does, makes it again.
  local KEPT_SECONDS = 30 * 86400
  function leave_unseen(root, id, queue)
    local unseen = root .. ':tally:left_unseen'
    if not queue then
      redis.call('SADD', unseen, id)
      redis.call('EXPIRE', unseen, KEPT_SECONDS)
    elseif redis.call('SREM', unseen, id) == 1 then count(root, queue, 'parked', -1) end
  end

  -- So many were taken off the lines of a fair queue.
  function leave_lines(root, queue, jobs)
    count_in_lines(root, queue, -jobs)
  end

  -- Who is the first of each of some lines, in the order of turns: pairs of key and id.
  function first_in_lines(root, queue, from, most)
    local keys, found = redis.call('ZRANGE', turns_key(root, queue), from, from + most - 1), {}
    for at, key in ipairs(keys) do
      found[at] = {key, redis.call('LINDEX', root .. ':tally:parked:fair:' .. queue .. '\31' .. key, 0)}
    end
    return found
  end

  -- One was taken off its line before its turn, which counts all the same.
  function charge_turn(root, queue, key)
    redis.call('ZINCRBY', turns_key(root, queue), strides(root, queue, {key})[key], key)
  end

  -- Whose job it is that carries these options, and how far a turn brings him.
  function turn_of(root, queue, options)
    local key = string.match(fair_line_of(queue, options, fair_rules(root)[queue].by), '\31(.*)$')
    return key, strides(root, queue, {key})[key]
  end
end

-- To the back of its queue, or of its line where the queue is fair.
local function queue_up(root, id, queue)
  if line_up(root, id, queue) then ring(root, lane_of(queue), 1)
  else to_queue(root, id, queue) end
end
