-- flags: allow-oom
-- Whether jobs are counted as the quotas of their tenants say, each looked at in one moment; and puts it right.
-- KEYS[1]  ROOT
-- ARGV[1]  '1': put right, '': only look
-- ARGV[2…] pairs: id, and the tenant among whose waiting jobs it was found ('': elsewhere)
-- Returns  one a pair: '' as it should be, or what does not fit ('surplus' · 'missing' · 'slotless' · 'unmarked'), and whose it
--          is
local function enrolment(keys, argv)
  local root, known, found = keys[1], {}, {}
  -- While jobs from before a quota are still being counted, none of them is missing.
  local function is_wanted(tenant)
    if known[tenant] == nil then
      known[tenant] = quota_of(root, tenant) ~= nil and not redis.call('HGET', root .. ':tally:uncounted', tenant)
    end
    return known[tenant]
  end
  for at = 2, #argv, 2 do
    local wrong, tenant
    if argv[1] == '1' then wrong, tenant = enrol(root, argv[at], argv[at + 1], is_wanted)
    else wrong, tenant = misfit(root, argv[at], argv[at + 1], is_wanted) end
    found[#found + 1] = wrong or ''
    found[#found + 1] = wrong and tenant or ''
  end
  return found
end
