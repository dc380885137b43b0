-- Who has the next turns in a fair queue: they are taken all at once, for a claim pays for each command. Shared by every step;
-- behind `_fair`, whose lines and virtual times these are.
local next_in_turn, to_list
do
  -- Redis keeps few members of a set as one text, which it reads from its front for each whose score changes: of a hundred
  -- keys that costs more than all else of a claim. One long name makes it look them up instead, until the set is gone or the
  -- server starts anew: so the first to take turns there puts it in and out again, and one of so many after him, for sets
  -- go by other ways too.
  local FEW, OFTEN, LONG_NAME = 8, 64, '\31a name of no key, longer than those that Redis keeps as one text\31'
  local takes = {}

  local function is_time_for_long_name(turns, lines)
    if #lines <= 2 * FEW then return false end
    takes[turns] = (takes[turns] or 0) + 1
    return takes[turns] % OFTEN == 1
  end

  local function strides_of(root, queue, lines)
    local rule, keys = fair_rules(root)[queue], {}
    if not rule or not rule.is_weighted then return nil end
    for at = 1, #lines, 2 do keys[#keys + 1] = lines[at] end
    return strides(root, queue, keys)
  end

  -- Whether each line has one turn: there are as many as turns, and who has had his comes behind them all.
  local function is_one_each(lines, wanted)
    return #lines == 2 * wanted and tonumber(lines[#lines]) <= tonumber(lines[2]) + 1
  end

  -- The keys' lines give a job each, in their order. `lines` becomes what the order of turns is told: where they are now, and
  -- who; returned are the ids, and who has none. Numbers cost more than texts, and many lines are equally far.
  local function take_one_each(head, lines)
    local ids, empty, kept, before, text = {}, {}, 0, nil, nil
    for at = 2, #lines, 2 do
      local key, score = lines[at - 1], lines[at]
      local id = redis.call('LPOP', head .. key)
      if id then
        if score ~= before then before, text = score, string.format('%.17g', score + 1) end
        lines[kept + 1], lines[kept + 2], ids[#ids + 1] = text, key, id
        kept = kept + 2
      else empty[#empty + 1] = key end
    end
    for at = #lines, kept + 1, -1 do lines[at] = nil end
    return ids, empty
  end

  -- In whose order turns are, how many each line has of them, and where that brings it: `lines` has the key and the score
  -- of each. One who has had his turn comes behind those as far as he.
  local function turns_of(lines, weighted, wanted)
    local order, had, last = {}, {}, #lines / 2
    for line = 1, last do order[line], had[line], lines[2 * line] = line, 0, tonumber(lines[2 * line]) end
    for turn = 1, wanted do
      local line, place = order[turn], last
      local at = lines[2 * line] + (weighted and weighted[lines[2 * line - 1]] or 1)
      while place > turn and lines[2 * order[place]] > at do
        order[place + 1] = order[place]
        place = place - 1
      end
      order[place + 1], last = line, last + 1
      had[line], lines[2 * line] = had[line] + 1, at
    end
    return order, had
  end

  -- As `take_one_each`, where some have several turns.
  local function take_by_turns(head, lines, weighted, wanted)
    local order, had = turns_of(lines, weighted, wanted)
    local ids, empty, kept, taken = {}, {}, 0, {}
    for line, jobs in ipairs(had) do
      local key, at = lines[2 * line - 1], lines[2 * line]
      if jobs > 0 then
        taken[line], had[line] = redis.call('LPOP', head .. key, jobs) or {}, 0
        if #taken[line] < jobs then empty[#empty + 1] = key
        else
          lines[kept + 1], lines[kept + 2] = string.format('%.17g', at), key
          kept = kept + 2
        end
      end
    end
    for at = #lines, kept + 1, -1 do lines[at] = nil end
    for turn = 1, wanted do
      local line = order[turn]
      had[line] = had[line] + 1
      ids[#ids + 1] = taken[line][had[line]]
    end
    return ids, empty
  end

  -- Takes jobs off their lines: at most so many ids in the order of turns, and how many lines were looked at in vain.
  -- Nothing: no line is left.
  function next_in_turn(root, queue, wanted)
    local turns, head = turns_key(root, queue), root .. ':tally:parked:fair:' .. queue .. '\31'
    local lines, ids, empty = redis.call('ZRANGE', turns, 0, wanted - 1, 'WITHSCORES'), nil, nil
    if #lines == 0 then takes[turns] = nil return nil end
    local weighted, is_time = strides_of(root, queue, lines), is_time_for_long_name(turns, lines)
    if not weighted and is_one_each(lines, wanted) then ids, empty = take_one_each(head, lines)
    else ids, empty = take_by_turns(head, lines, weighted, wanted) end
    local in_vain = #empty
    if is_time and #lines > 0 then
      lines[#lines + 1], lines[#lines + 2], empty[in_vain + 1] = '+inf', LONG_NAME, LONG_NAME
    end
    if #lines > 0 then redis.call('ZADD', turns, unpack(lines)) else takes[turns] = nil end
    if #empty > 0 then redis.call('ZREM', turns, unpack(empty)) end
    return ids, in_vain
  end

  -- Out of the lines of a queue that is fair no more, into its list, in the order of turns; how many were looked at.
  function to_list(root, queue, most)
    local ids, in_vain = next_in_turn(root, queue, most)
    if not ids then
      redis.call('HDEL', root .. ':tally:fair', queue)
      return 0
    end
    for _, id in ipairs(ids) do
      local job = root .. ':job:' .. id
      local status = fields_of(job, 'status')[1]
      if status == 'queued' then
        redis.call('HDEL', job, 'parked')
        leave_lines(root, queue, 1)
        to_queue(root, id, queue)
      else
        if not status then leave_lines(root, queue, 1) end
        drop(root, id, queue, status)
      end
    end
    return #ids + in_vain
  end
end
