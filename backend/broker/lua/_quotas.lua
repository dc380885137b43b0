-- Quotas: how many jobs of a tenant may wait and run, and how many may start in a time. Shared by every step; behind `_fair`,
-- and `_gates` builds on it.
-- `quotas` has the word on each tenant that has one, as JSON: {"waiting": 50000, "running": 40, "starts": "600/60/60"}; what is
-- not said is not limited. Of such a tenant `waiting:<tenant>` are the jobs that wait: queued (aside too), scheduled, deferred.
-- It is a set and no number: what is said twice counts once, and who counts can be read. A job's `quota` names the tenant whose
-- jobs it is counted among, for steps that read no options. The other two are gates: 'tenant:<tenant>' is held by those that
-- run, 'rate:@<tenant>' opens by time. `uncounted` has tenants of whose jobs from before the quota some are to be counted.
local tenant_of, quota_of, set_quota, waiting_key, counts, counts_no_more, is_used_up, misfit, enrol, count_page, count_on
local remember_quota
do
  -- Of a quota that is used up: so many of those that are counted are looked at, whether they still wait.
  local LOOKED_AT = 20

  function waiting_key(root, tenant)
    return root .. ':tally:waiting:' .. tenant
  end

  -- Whose job it is; nil: nobody's.
  function tenant_of(options)
    if not string.find(options or '', '"tenant"', 1, true) then return nil end
    local is_ours, said = pcall(cjson.decode, options)
    return is_ours and type(said) == 'table' and type(said.tenant) == 'string' and said.tenant or nil
  end

  -- What is said of it; nil: nothing, or what is no quota.
  function quota_of(root, tenant)
    local said = tenant and json_of(root .. ':tally:quotas', tenant)
    return said and {waiting = tonumber(said.waiting), running = tonumber(said.running),
      starts = type(said.starts) == 'string' and said.starts or nil}
  end

  -- '': no quota any more. Those that are counted leave one by one, as they start or end.
  function set_quota(root, tenant, value)
    if value == '' then
      redis.call('HDEL', root .. ':tally:quotas', tenant)
      redis.call('HDEL', root .. ':tally:uncounted', tenant)
    elseif redis.call('HSET', root .. ':tally:quotas', tenant, value) == 1 then
      redis.call('HSET', root .. ':tally:uncounted', tenant, '0')
    end
  end

  -- A job waits (again). `tenant` is what its hash calls `quota`.
  function counts(root, id, tenant)
    if tenant then redis.call('SADD', waiting_key(root, tenant), id) end
  end

  function counts_no_more(root, id, tenant)
    if tenant then redis.call('SREM', waiting_key(root, tenant), id) end
  end

  -- A job that is made again from the record; `add` puts a field into its hash.
  function remember_quota(root, id, options, waits, add)
    local tenant = tenant_of(options)
    if not quota_of(root, tenant) then return end
    add('quota', tenant)
    if waits then counts(root, id, tenant) end
  end

  -- What steps of the last release took, or a foreign hand deleted, is counted still: who is kept out by it finds it so.
  local function forget_gone(root, tenant)
    local ids = redis.pcall('SRANDMEMBER', waiting_key(root, tenant), LOOKED_AT)
    if ids.err then return end
    for _, id in ipairs(ids) do
      local status, quota = unpack(fields_of(root .. ':job:' .. id, 'status', 'quota'))
      if not WAITING[status] or quota ~= tenant then redis.call('SREM', waiting_key(root, tenant), id) end
    end
  end

  -- Whether no job more may wait. `quota` is what `enqueue` knows of it: `tenant`, `most` that may wait, how many `wait`, and
  -- how many of these are `new` by this call, which writes them last.
  function is_used_up(root, quota)
    if not quota.most or quota.wait < quota.most then return false end
    if not quota.is_checked then
      quota.is_checked = true
      forget_gone(root, quota.tenant)
      quota.wait = redis.call('SCARD', waiting_key(root, quota.tenant)) + quota.new
    end
    return quota.wait >= quota.most
  end

  -- What does not fit of one job, whose it is, and its gates: 'surplus' (it is counted and does not wait), 'missing' (it
  -- waits and is not), 'slotless' (it runs and holds no slot), 'unmarked'. `found`: among whose waiting jobs it was found.
  function misfit(root, id, found, is_wanted)
    local status, options, gates, quota = unpack(fields_of(root .. ':job:' .. id, 'status', 'options', 'gates', 'quota'))
    local tenant = status and tenant_of(options)
    if found ~= '' and not (WAITING[status] and tenant == found) then return 'surplus', found end
    if not tenant or not is_wanted(tenant) then return nil end
    local holders = root .. ':tally:holders:tenant:' .. tenant
    if WAITING[status] and redis.call('SISMEMBER', waiting_key(root, tenant), id) == 0 then return 'missing', tenant end
    if status == 'started' and redis.call('SISMEMBER', holders, id) == 0 then return 'slotless', tenant, gates end
    return quota ~= tenant and 'unmarked' or nil, tenant
  end

  -- Puts that right; what it was, and whose job it is.
  function enrol(root, id, found, is_wanted)
    local wrong, tenant, gates = misfit(root, id, found, is_wanted)
    if not wrong then return nil end
    if wrong == 'surplus' then counts_no_more(root, id, tenant) return wrong, tenant end
    local job, gate = root .. ':job:' .. id, 'tenant:' .. tenant
    redis.call('HSET', job, 'quota', tenant)
    if wrong == 'missing' then counts(root, id, tenant) end
    if wrong == 'slotless' then
      redis.call('SADD', root .. ':tally:holders:' .. gate, id)
      redis.call('HSET', job, 'gates', gates and gates .. '\n' .. gate or gate)
    end
    return wrong, tenant
  end

  -- The next jobs of a tenant, wherever they are: SCAN leaves out none that is there all the time, and who comes meanwhile
  -- counts himself. False: all are counted.
  function count_page(root, tenant, most)
    local head, places = root .. ':job:', root .. ':tally:uncounted'
    local from = redis.call('HGET', places, tenant)
    if not from then return false end
    local pattern = string.gsub(head, '[%*%?%[%]\\]', '\\%0') .. '*'
    local page = redis.call('SCAN', from, 'MATCH', pattern, 'COUNT', most)
    for _, key in ipairs(page[2]) do
      enrol(root, string.sub(key, #head + 1), '', function(of) return of == tenant end)
    end
    if page[1] == '0' then redis.call('HDEL', places, tenant) else redis.call('HSET', places, tenant, page[1]) end
    return page[1] ~= '0'
  end

  -- Whoever gave a tenant a quota did not count all of its jobs, or the record brought it back: whether more is to be done.
  function count_on(root, most)
    local places, is_more = redis.call('HGETALL', root .. ':tally:uncounted'), false
    for at = 1, #places, 2 do is_more = count_page(root, places[at], most) or is_more end
    return is_more
  end
end
