-- Shared by every step that changes a job; the loader puts it in front of `_prelude`. What a step tells the record is
-- one entry of the event stream, a line, because each entry and each field costs as much as all of its text.
-- The field is named by the schema. Its text is positional; what is empty at the end is left out:
--   line    events more than entries written before it ␝ block ␝ block …        block   head ␞ event ␞ event …
--   head    kind ␟ queue ␟ worker, or who acted ␟ fence of the attempt that it ends
--   event   id ␟ attempt ␟ run (ms) ␟ due (ms) ␟ body ␟ log ␟ changed call ␟ fence of a start that is taken back
-- (with a changed call the job's options stand in the place of the log: recorders of the last release pass over them)
-- and of jobs that are accepted:
--   head    enqueued ␟ queue ␟ state ␟ job type ␟ max attempts         event   id ␟ due (ms) ␟ payload ␟ options
-- A job's events are told apart by the id of their line, so no line has two of one job.
-- Nothing in it names a deployment or a server: lines of several can be read as one stream.
local BLOCK, EVENT, FIELD = '\29', '\30', '\31'
-- A line takes no more beyond so many bytes: a reader takes lines whole.
local LINE_BYTES = 65536

-- What the step knows of the stream (nil: it has not asked yet), and the line that it is writing: pieces of text, whom
-- it tells of, and the head of its last block.
local stream, books, is_told, more, gone
local pieces, size, events, bytes, first, ids
local head1, head2, head3, head4, head5

local function begin_history() stream, events = nil, 0 end

-- What people and foreign hands write must not read like a further part of a line.
local function plain(text) return (string.gsub(text, '[\29-\31]', ' ')) end

-- A stream that is not there yet begins with lines, and with the group that reads them: so a recorder that
-- cannot has nothing to trim away. Who may not make groups writes as the last release did.
local function begins_anew()
  if redis.call('EXISTS', stream) == 1 then return false end
  local made = redis.pcall('XGROUP', 'CREATE', stream, 'recorder-2', '0', 'MKSTREAM')
  if made.err then return false end
  redis.call('HSET', books, 'schema', '2')
  return true
end

local function history(root)
  if stream then return end
  stream, books = root .. ':tally:events', root .. ':tally:stream'
  local f = redis.call('HMGET', books, 'schema', 'more', 'gone')
  is_told, more, gone = f[1] == '2' or begins_anew(), f[2] or '0', f[3] or '0'
end

-- How many events wait in the stream or are not trimmed yet: an entry each, and what lines hold beyond that.
local function events_waiting(root)
  history(root)
  return redis.call('XLEN', stream) + more - gone
end

-- Writes the line as far as it goes. Returns its id; nil when there is nothing to tell.
local function write_line()
  if events == 0 then return nil end
  local id = redis.call('XADD', stream, '*', '2', table.concat(pieces))
  if events > 1 then more = redis.call('HINCRBY', books, 'more', events - 1) end
  events = 0
  return id
end

local function new_head(a, b, c, d, e)
  head1, head2, head3, head4, head5 = a, b, c, d, e
  return a .. FIELD .. b .. FIELD .. c .. FIELD .. d .. (e and FIELD .. e or '')
end

-- No line tells twice of one job. Most that callers cause tell of one alone, and need no list.
local function is_in_line(id)
  ids = ids or {[first] = true}
  if ids[id] then return true end
  ids[id] = true
  return false
end

local function add_to_line(id, a, b, c, d, e, text)
  if events > 0 and (bytes > LINE_BYTES or is_in_line(id)) then write_line() end
  if events == 0 then
    pieces, size, bytes, first, ids = {more, BLOCK, new_head(a, b, c, d, e), EVENT, text}, 5, 0, id, nil
  else
    if a ~= head1 or b ~= head2 or c ~= head3 or d ~= head4 or e ~= head5 then
      pieces[size + 1], pieces[size + 2] = BLOCK, new_head(a, b, c, d, e)
      size = size + 2
    end
    pieces[size + 1], pieces[size + 2] = EVENT, text
    size = size + 2
  end
  events, bytes = events + 1, bytes + #text
end

-- What recorders of the last release read: an entry an event, names and values in one field.
local NAMES = {'a', 'r', 'u', 'b', 'l', 'd', 'c'}
local function add_entry(kind, id, queue, worker, fence, rest)
  local at, entry = 0, table.concat({'k', kind, 'j', id, 'q', queue, 'w', worker, 'f', fence}, FIELD)
  for value in string.gmatch(rest and rest .. FIELD or '', '([^\31]*)\31') do
    at = at + 1
    entry = entry .. FIELD .. NAMES[at] .. FIELD .. value
  end
  return redis.call('XADD', stream, '*', 'e', entry)
end

-- Tells of one event: kind, job, queue, worker or who acted, fence of the attempt that it ends, and the rest of its
-- fields with FIELD between them: attempt, run (ms), due (ms), body, log, changed call, fence that is taken back.
-- Returns its id where it became an entry of its own; else it is in the line, whose id `write_line` returns.
local function event(root, kind, id, queue, worker, fence, rest)
  history(root)
  worker, fence = worker or '', fence or ''
  if not is_told then return add_entry(kind, id, queue, worker, fence, rest) end
  add_to_line(id, kind, queue, worker, fence, nil, rest and id .. FIELD .. rest or id)
end

-- Of what somebody did, with a reason.
local function event_by(root, kind, id, queue, by, reason, call, options)
  local changed = call and FIELD .. (options or '') .. FIELD .. call or ''
  event(root, kind, id, queue, plain(by), nil, '\31\31\31' .. plain(reason) .. changed)
end

-- Tells that a job was accepted; `head` is what `enqueue` knows of all of its kind.
local function accepted(root, id, head, state, due, payload, options)
  history(root)
  if not is_told then
    return redis.call('XADD', stream, '*', 'e', table.concat({'k', 'enqueued', 'j', id, 'q', head.queue, 's', state,
      't', head.kind, 'm', head.most, 'u', due, 'd', head.before .. payload .. head.after, 'o', options}, FIELD))
  end
  local text = id .. FIELD .. (due > 0 and due or '') .. FIELD .. payload
  if options ~= '{}' then text = text .. FIELD .. options end
  add_to_line(id, 'enqueued', head.queue, state, head.kind, head.most, text)
end
