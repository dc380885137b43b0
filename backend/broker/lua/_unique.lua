-- Unique jobs: of those that share a key, one at a time. Shared by every step; the loader puts it behind `_gates`.
-- A job's hash has its `scope`, 'until/longest wait (s)/key', where `until` is 'started', 'ended' or seconds. `scope:<key>`
-- names the job that took the key last. Whether that one still holds it is asked of its hash when the next one comes: what
-- somebody deleted, or an earlier release ended, or has expired while it waits, keeps nobody out, and no process is waited for.
-- Taken out it is by its holder alone. `scope_from` are the attempts before a redrive took the key, `debounce_by` (ms) is how
-- far a job may be put off.
local scopes = {}
do
  local WITHDRAWN = {canceled = true, expired = true, discarded = true}

  local function parts_of(scope)
    local till, longest, key = string.match(scope, '^([^/]*)/([^/]*)/(.*)$')
    return till, tonumber(longest), key
  end

  local function place_of(root, key) return root .. ':tally:scope:' .. key end

  local function latest(now, longest) return string.format('%.0f', now + longest * 1000) end

  -- Who holds the key of a scope (nil: nobody), its fields, and whether it still waits to start first. Started is claimed: when
  -- a handler begins nobody tells, as it would be a command more for each job. So of one that was given back unbegun its key
  -- may be another's, and both wait. To keep it longer would keep out who must not be: that one may have begun.
  function scopes.holder(root, scope)
    local _, _, key = parts_of(scope)
    local id = redis.call('GET', place_of(root, key))
    if not id then return nil end
    local f = fields_of(root .. ':job:' .. id,
      'status', 'scope', 'attempt', 'scope_from', 'origin', 'debounce_by', 'expires_at', 'unique_until')
    if not f[1] or not f[2] then return nil end
    if has_expired(f[1], f[7], f[3]) then return nil end
    local till, _, own = parts_of(f[2])
    local is_first = WAITING[f[1]] and (f[3] or '0') == (f[4] or '0')
    local holds = f[1] ~= 'canceled'
    if till == 'started' then holds = is_first
    elseif till == 'ended' then holds = WAITING[f[1]] or f[1] == 'started' end
    return own == key and holds and id or nil, f, is_first
  end

  local function take_key(root, id, till, key, left)
    if tonumber(till) then redis.call('SET', place_of(root, key), id, 'PX', string.format('%.0f', left))
    else redis.call('SET', place_of(root, key), id) end
  end

  -- A new job takes its key; `add` puts a field into its hash. One that keeps others out for a time is kept as long itself.
  function scopes.enter(root, id, rare, now, add)
    local till, longest, key = parts_of(rare.scope)
    local window = (tonumber(till) or 0) * 1000
    take_key(root, id, till, key, window)
    add('scope', rare.scope)
    if longest then add('debounce_by', latest(now, longest)) end
    if window > tonumber(rare.unique_window or 0) then add('unique_until', string.format('%.0f', now + window)) end
  end

  -- The holder gets the payload of a job that is not accepted, with what follows from it, and when it is put off a later
  -- time, but none beyond its latest, and none at which it has expired. Its options are told each time: the record keeps those
  -- of the newest payload.
  local function replace(call, id, f, rare, data, options)
    local due = ''
    rare.options = options
    redis.call('HSET', call.jobs .. id, 'data', data)
    options = follow_payload(call.root, call.jobs .. id, id, rare)
    if rare.on_conflict == 'debounce' and f[1] == 'scheduled' then
      local later = rare.delay and call.now + rare.delay or tonumber(rare.run_at or call.now)
      later = math.min(later, tonumber(f[6]) or math.huge)
      if later < (tonumber(f[7] or nil) or math.huge) then
        due = later
        schedule(call.root, id, f[5], due)
      end
    end
    event(call.root, 'replaced', id, f[5], nil, nil, '\31\31' .. due .. '\31\31' .. options .. FIELD .. data)
    return {id, 'replaced', ''}
  end

  -- The holder is kept as long as another call's key stands for it; one that has finished from now on.
  local function stands_for(call, holder, f, window)
    local job, ends, left = call.jobs .. holder, call.now + window, math.min(math.ceil(window / 1000), 31622400)
    if ends > (tonumber(f[8] or nil) or 0) then redis.call('HSET', job, 'unique_until', string.format('%.0f', ends)) end
    if f[1] == 'finished' then redis.call('EXPIRE', job, text_of(left), 'GT') end
  end

  -- What `enqueue` answers a job whose key another one holds; nil: nobody does. Its idempotency key stands for that one too.
  function scopes.meet(call, rare, data, options)
    local holder, f, is_first = scopes.holder(call.root, rare.scope)
    local replaces = rare.on_conflict and is_first
    if not holder then return nil end
    if replaces and call.behind then return -2 end
    if rare.unique_key then
      redis.call('SET', call.root .. ':tally:unique:' .. rare.unique_key, holder, 'PX', rare.unique_window)
      stands_for(call, holder, f, tonumber(rare.unique_window))
      if rare.digest then redis.call('HSET', call.jobs .. holder, 'asked:' .. rare.digest, '1') end
    end
    return replaces and replace(call, holder, f, rare, data, options) or holder
  end

  local function free(root, id, key)
    if redis.call('GET', place_of(root, key)) == id then redis.call('DEL', place_of(root, key)) end
  end

  -- An attempt began and is over; a job that keeps others out until it has started has done so.
  function scopes.has_started(root, id, scope)
    local till, _, key = parts_of(scope)
    if till == 'started' then free(root, id, key) end
  end

  -- The job has ended. A time goes on, unless the job was withdrawn.
  function scopes.has_ended(root, id, scope, how)
    local till, _, key = parts_of(scope)
    if not tonumber(till) or WITHDRAWN[how] then free(root, id, key) end
  end

  -- A job that got another payload is the same as others than before, or ('') as none. The key that it had is free by that.
  function scopes.change(job, scope)
    if scope == '' then redis.call('HDEL', job, 'scope') else redis.call('HSET', job, 'scope', scope) end
  end

  -- A job that ended waits once more, and takes its key again unless another one holds it.
  function scopes.come_back(root, job, id, scope, attempt)
    local till, _, key = parts_of(scope)
    local holder = scopes.holder(root, scope)
    if holder and holder ~= id then return end
    take_key(root, id, till, key, (tonumber(till) or 0) * 1000)
    redis.call('HSET', job, 'scope_from', attempt or '0')
  end

  -- Until when (ms) the keys of a job stand for it that was accepted then: its idempotency key, and either of them.
  function scopes.stand_until(accepted, unique_key, window, scope)
    local key_ends = unique_key ~= '' and accepted + window or 0
    return key_ends, math.max(key_ends, accepted + (tonumber(string.match(scope, '^[^/]*')) or 0) * 1000)
  end

  -- A job that is made again from the record. Who had started, or is dead, does not take what it had given back.
  function scopes.remember(root, id, scope, state, attempt, created, now, add)
    if scope == '' then return end
    local till, longest, key = parts_of(scope)
    local left = created + (tonumber(till) or 0) * 1000 - now
    add('scope', scope)
    if longest then add('debounce_by', latest(created, longest)) end
    local holds = left > 0
    if till == 'started' then holds = WAITING[state] and attempt == '0'
    elseif till == 'ended' then holds = WAITING[state] end
    if holds and not scopes.holder(root, scope) then take_key(root, id, till, key, left) end
  end
end
