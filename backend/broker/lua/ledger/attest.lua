-- flags: allow-oom
-- Tells the record once more where a job stands, because the event that told it was lost. Done only if
-- the job is still as the ledger saw it.
-- KEYS[1]  ROOT
-- ARGV[1]  id
-- ARGV[2]  status as seen
-- ARGV[3]  fence as seen ('': none)
-- ARGV[4]  kind of event
-- ARGV[5]  fence of the attempt that it ends ('': none)
-- ARGV[6]  attempt
-- ARGV[7]  worker, or who acts
-- ARGV[8]  body
-- ARGV[9]  due (ms, 0: none)
-- ARGV[10] fence of a claim that is taken back, because its handler never began ('': none)
-- Returns  1 told, 0 left alone
local function attest(keys, argv)
  local root, id = keys[1], argv[1]
  local f = fields_of(root .. ':job:' .. id, 'status', 'fence', 'origin')
  if f[1] ~= argv[2] or (f[2] or '') ~= argv[3] then return 0 end
  event(root, argv[4], id, f[3], argv[7], argv[5], table.concat({argv[6], '0', argv[9], argv[8], '', '', argv[10]}, FIELD))
  return 1
end
