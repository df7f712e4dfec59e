--[[
Adds jobs, in the order given.

KEYS  1 the queue's meta key
ARGV  1 now (ms), then per job seven: custom id or '' (the next number)   name   data JSON   options JSON
      delay (ms)   priority (0 for none)   '1' if its options say more of this (lifo, timestamp, de), else ''
Reply { the ids, in order; the places, from 0, of those that are no new jobs }. A custom id that exists already is
      answered with that id and changes nothing; a deduplication key that is held, with the id of its holder.
Events added, waiting, delayed, duplicated, deduplicated, removed
]]
--- use store
--- use blocked
--- use marker
--- use order

local ARGUMENTS = 7
local NOTHING_MORE = {}
local now, delayed, next_scores, front, back, prioritized

--- each call
now = tonumber(ARGV[1])
front, back, prioritized, delayed, next_scores = {}, {}, {}, {}, {}

--- once
-- Jobs that are due in the same millisecond get consecutive scores, and share the last one of it.
local function delayed_score(due)
  local score = next_scores[due] or due_score(base, due)
  next_scores[due] = math.min(score + 1, due * 4096 + 4095)
  return score
end

local function write_delayed()
  if #delayed > 0 then
    call('ZADD', base .. 'delayed', unpack(delayed))
    mark_next_due(base)
    delayed, next_scores = {}, {}
  end
end

local function append_scored(list, score, id)
  list[#list + 1] = score
  list[#list + 1] = id
end

-- As for consequences in parts/finish.lua.
local deduplicate_made

local function deduplication()
  if not deduplicate_made then
    --- use deduplicate
    deduplicate_made = deduplicate
  end
  return deduplicate_made
end

-- The id of the job in whose favour this one is not added, or nil.
local function holder_of_key(id, at, options)
  local de = options.de
  if not de then
    return nil
  end
  if de.replace or de.reschedule then
    write_delayed()
  end
  local job = { name = ARGV[at + 1], data = ARGV[at + 2], options = ARGV[at + 3], delay = tonumber(ARGV[at + 4]) }
  return deduplication()(de, id, job, options.timestamp or now)
end

local function add(id, at, options)
  local delay, priority = ARGV[at + 4], ARGV[at + 5]
  local extra = options.de and { 'deid', options.de.id }
  store(id, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], options.timestamp or ARGV[1], delay, priority, extra)
  if delay ~= '0' then
    local due = (options.timestamp or now) + delay
    append_scored(delayed, delayed_score(due), id)
    emit('delayed', 'jobId', id, 'delay', due)
    return
  end
  if priority ~= '0' then
    append_scored(prioritized, priority * 4294967296, id)
  else
    local line = options.lifo and front or back
    line[#line + 1] = id
  end
  call('XADD', events_key, '*', 'event', 'waiting', 'jobId', id)
end

--- each call
local count = (#ARGV - 1) / ARGUMENTS
local last_number = call('INCRBY', base .. 'id', count)
local ids, known = {}, {}
max_events()

for i = 1, count do
  local at = 2 + (i - 1) * ARGUMENTS
  local options = ARGV[at + 6] ~= '' and cjson.decode(ARGV[at + 3]) or NOTHING_MORE
  local id, holder = ARGV[at], nil
  if id == '' then
    id = string.format('%d', last_number - count + i)
  elseif call('EXISTS', base .. id) == 1 then
    holder = id
    emit('duplicated', 'jobId', id)
  end
  holder = holder or holder_of_key(id, at, options)
  ids[i] = holder or id
  if holder then
    known[#known + 1] = i - 1
  else
    add(id, at, options)
  end
end

if #prioritized > 0 then
  local first = call('INCRBY', base .. 'pc', #prioritized / 2) - #prioritized / 2
  for i = 1, #prioritized, 2 do
    prioritized[i] = prioritized[i] + (first + (i + 1) / 2) % 4294967296
  end
  call('ZADD', base .. 'prioritized', unpack(prioritized))
end
if #back > 0 then
  call('LPUSH', base .. 'wait', unpack(back))
end
if #front > 0 then
  call('RPUSH', base .. 'wait', unpack(front))
end
if #prioritized + #back + #front > 0 and not is_blocked(base) then
  mark_work(base)
end
write_delayed()
trim_events()
return { ids, known }
