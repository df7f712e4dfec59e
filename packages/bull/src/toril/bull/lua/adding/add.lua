--[[
Adds jobs, in the order given.

KEYS  1 the queue's meta key
ARGV  1 now (ms), then runs of jobs that have all but id and data in common, each
        name   options JSON   terms   how many jobs, then of each its custom id or '' (the next number) and data JSON
      terms are '' for jobs that wait in line, else '<delay (ms)> <priority, 0 for none> <1 if the options say more of
      this (lifo, timestamp, de), else nothing>'
Reply the ids, in order, then the places, from 0, of those that are no new jobs, nil if all are. A custom id that exists
      already is answered with that id and changes nothing; a deduplication key that is held, with the id of its holder.
Events added, waiting, delayed, duplicated, deduplicated, removed
]]
--- use store
--- use blocked
--- use marker
--- use order

local NOTHING_MORE = {}
local now, number
local name, json, options, delay, priority -- those of the run at hand
-- What is to be answered and written for the whole batch. The first two are lists as in parts/locks.lua, the others nil
-- if they are empty.
local ids, back, count, back_count = {}, {}, 0, 0
local front, prioritized, delayed, next_scores, known

--- each call
now, count, back_count = tonumber(ARGV[1]), 0, 0
front, prioritized, delayed, next_scores, known = nil, nil, nil, nil, nil

--- once
-- Jobs that are due in the same millisecond get consecutive scores, and share the last one of it.
local function delayed_score(due)
  next_scores = next_scores or {}
  local score = next_scores[due] or due_score(base, due)
  next_scores[due] = math.min(score + 1, due * 4096 + 4095)
  return score
end

local function write_delayed()
  if delayed then
    call('ZADD', base .. 'delayed', unpack(delayed))
    mark_next_due(base)
    delayed, next_scores = nil, nil
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
local function holder_of_key(de, id, data)
  if de.replace or de.reschedule then
    write_delayed()
  end
  local job = { name = name, data = data, options = json, delay = tonumber(delay) }
  return deduplication()(de, id, job, options.timestamp or now)
end

local function add(id, data)
  local extra = options.de and { 'deid', options.de.id }
  store(id, name, data, json, options.timestamp or ARGV[1], delay, priority, extra)
  if delay ~= '0' then
    local due = (options.timestamp or now) + delay
    delayed = delayed or {}
    append_scored(delayed, delayed_score(due), id)
    emit('delayed', 'jobId', id, 'delay', due)
    return
  end
  if priority ~= '0' then
    prioritized = prioritized or {}
    append_scored(prioritized, priority * 4294967296, id)
  elseif options.lifo then
    front = front or {}
    front[#front + 1] = id
  else
    back_count = back_count + 1
    back[back_count] = id
  end
  call('XADD', events_key, '*', 'event', 'waiting', 'jobId', id)
end

local function add_run(at, last)
  name, json, delay, priority, options = ARGV[at], ARGV[at + 1], '0', '0', NOTHING_MORE
  if ARGV[at + 2] ~= '' then
    local more
    delay, priority, more = string.match(ARGV[at + 2], '^(%d+) (%d+) (.*)$')
    options = more ~= '' and cjson.decode(json) or NOTHING_MORE
  end
  for place = at + 4, last, 2 do
    local id, holder = ARGV[place], nil
    number, count = number + 1, count + 1
    if id == '' then
      id = string.format('%d', number)
    elseif call('EXISTS', base .. id) == 1 then
      holder = id
      emit('duplicated', 'jobId', id)
    end
    if not holder and options.de then
      holder = holder_of_key(options.de, id, ARGV[place + 1])
    end
    ids[count] = holder or id
    if holder then
      known = known or {}
      known[#known + 1] = count - 1
    else
      add(id, ARGV[place + 1])
    end
  end
end

-- Where the last job of the run stands that begins at a place in ARGV.
local function last_of_run(at)
  return at + 2 + 2 * ARGV[at + 3]
end

--- each call
local total, at = 0, 2
while ARGV[at] do
  total = total + ARGV[at + 3]
  at = last_of_run(at) + 2
end
number = call('INCRBY', base .. 'id', total) - total
max_events()
at = 2
while ARGV[at] do
  local last = last_of_run(at)
  add_run(at, last)
  at = last + 2
end

if prioritized then
  local first = call('INCRBY', base .. 'pc', #prioritized / 2) - #prioritized / 2
  for i = 1, #prioritized, 2 do
    prioritized[i] = prioritized[i] + (first + (i + 1) / 2) % 4294967296
  end
  call('ZADD', base .. 'prioritized', unpack(prioritized))
end
if back_count > 0 then
  call('LPUSH', base .. 'wait', unpack(back, 1, back_count))
end
if front then
  call('RPUSH', base .. 'wait', unpack(front))
end
if (prioritized or front or back_count > 0) and not is_blocked(base) then
  mark_work(base)
end
write_delayed()
trim_events()
ids[count + 1], ids[count + 2] = known or false, nil
return ids
