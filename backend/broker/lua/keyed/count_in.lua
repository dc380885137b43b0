-- flags: allow-oom
-- Counts some more jobs of a tenant that were there before its quota.
-- KEYS[1]  ROOT
-- ARGV[1]  tenant
-- ARGV[2]  about how many jobs to look at in this call
-- Returns  1: call again; 0: all are counted
local function count_in(keys, argv)
  return count_page(keys[1], argv[1], argv[2]) and 1 or 0
end
