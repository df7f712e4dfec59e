--[[
Adds jobs, in the order given.

KEYS  1 the queue's meta key
ARGV  1 now (ms), then per job seven: custom id or '' (the next number)   name   data JSON   options JSON
      delay (ms)   priority (0 for none)   '1' to put it in front of all that wait, else ''
Reply the ids, in order. A custom id whose job exists already is answered with that id and changes nothing.
Events added, waiting, delayed, duplicated
]]
--- use store
--- use blocked
--- use marker
--- use order

local now = tonumber(ARGV[1])
local ARGUMENTS = 7
local count = (#ARGV - 1) / ARGUMENTS
local last_number = call('INCRBY', base .. 'id', count)
max_events()

local ids = {}
local front, back, prioritized, delayed = {}, {}, {}, {}
local next_scores = {}

-- Jobs that are due in the same millisecond get consecutive scores, and share the last one of it.
local function delayed_score(due)
  local score = next_scores[due] or due_score(base, due)
  next_scores[due] = math.min(score + 1, due * 4096 + 4095)
  return score
end

local function append_scored(list, score, id)
  list[#list + 1] = score
  list[#list + 1] = id
end

local function add(id, at)
  local delay, priority = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  store(id, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[1], delay, priority)
  if delay > 0 then
    append_scored(delayed, delayed_score(now + delay), id)
    emit('delayed', 'jobId', id, 'delay', now + delay)
    return
  end
  if priority > 0 then
    append_scored(prioritized, priority * 4294967296, id)
  else
    local line = ARGV[at + 6] == '1' and front or back
    line[#line + 1] = id
  end
  emit('waiting', 'jobId', id)
end

for i = 1, count do
  local at = 2 + (i - 1) * ARGUMENTS
  local id = ARGV[at]
  local exists = false
  if id == '' then
    id = string.format('%.0f', last_number - count + i)
  else
    exists = call('EXISTS', base .. id) == 1
  end
  ids[i] = id
  if exists then
    emit('duplicated', 'jobId', id)
  else
    add(id, at)
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
if #delayed > 0 then
  call('ZADD', base .. 'delayed', unpack(delayed))
  mark_next_due(base)
end
trim_events()
return ids
