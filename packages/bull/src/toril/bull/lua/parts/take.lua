--- use bury
--- use events
--- use steering
--- use marker
--- use promote_due
--- use read_job
--- use start
-- Takes up to `capacity` waiting jobs for one worker (bullmq-protocol §4.2). How, say ARGV[3] to ARGV[7]: token, lock
-- duration (ms), worker's name or '', and its rate limit: jobs or '', duration (ms) or ''.
-- The answer: how many stand in `taken_jobs`, limited_for (ms), next_due (ms, 0 for none), blocked (0 or 1).

-- What a manual limit sets the counter to: more jobs than any limit allows.
local MANUAL_LIMIT = 9007199254740991

-- How long the rate limit holds, in ms: 0 if it does not. A manual limit holds also where no other is set (BullMQ's
-- workers without a limit of their own do not heed it). A full counter that never expires limits nothing.
local function limited_for(limit)
  local counted = call('GET', base .. 'limiter')
  if not counted or tonumber(counted) < (limit or MANUAL_LIMIT) then
    return 0
  end
  local left = call('PTTL', base .. 'limiter')
  if left == 0 then
    call('DEL', base .. 'limiter')
  end
  return math.max(left, 0)
end

-- One that is taken alone stands in `active` as soon as it is popped: one command less, and one less in the log.
local lone

-- Takes it off again, where it is not started.
local function move_back()
  if lone then
    call('LPOP', base .. 'active')
    lone = false
  end
end

-- The next ids in line, at most `wanted`; the second answer says that no more than these are there. The third is what
-- scores the prioritized ones had, if there are any.
local function pop(wanted)
  lone = wanted == 1 and call('RPOPLPUSH', base .. 'wait', base .. 'active')
  local line = lone and { lone } or wanted > 1 and call('RPOP', base .. 'wait', wanted) or {}
  local missing = wanted - #line
  if missing == 0 then
    return line, false
  end
  local prioritized = call('ZPOPMIN', base .. 'prioritized', missing)
  if #prioritized == 0 then
    return line, true
  end
  local scores = {}
  for i = 1, #prioritized, 2 do
    line[#line + 1] = prioritized[i]
    scores[prioritized[i]] = prioritized[i + 1]
  end
  return line, #prioritized < missing * 2, scores
end

-- Puts the ids of a line back where they were popped, from one place to another one.
local function unpop(line, from, last, scores)
  for place = last, from, -1 do
    local id = line[place]
    local score = scores and scores[id]
    if score then
      call('ZADD', base .. 'prioritized', score, id)
    else
      call('RPUSH', base .. 'wait', id)
    end
  end
end

-- What one answer may hold of payloads, in bytes: more than this and the locks of what was taken would run out
-- on a slow line before the worker knows of them.
local MOST_BYTES = 4000000

-- A list of more bytes is not filled again by the next call: each place would keep the last payload that stood there,
-- in memory that counts towards no limit, until a batch comes that far again.
local MOST_KEPT = 16000

-- Ghosts must not hold the server up: a call that has dropped as many leaves the rest to the next one.
local MOST_GHOSTS = 500

-- What this call has taken so far, in lists as in parts/locks.lua: `taken` says how many are this call's. `seen` are the
-- ids that were read, `reading` is the place in its line of the last one.
local taken_ids, taken_jobs, taken = {}, {}, 0
local seen, bytes, reading = nil, 0, nil

-- Reads the jobs of a line from a place on, to the end or up to the bound on bytes. Ghosts (ids whose job is gone, and
-- the markers of a BullMQ before v5) are dropped. So is an id that was seen before: no script puts one in line twice,
-- but people do, and two runs with one lock could not be told apart.
local function read_on(line, from)
  local scheduled = string.find(table.concat(line, ' '), 'repeat:', 1, true)
  for place = from, #line do
    local id = line[place]
    reading = place
    local size
    if not seen[id] then
      seen[id] = true
      size = read_job(id, taken_jobs, taken, scheduled)
    end
    if size then
      taken = taken + 1
      taken_ids[taken] = id
      bytes = bytes + size
      if bytes >= MOST_BYTES then
        return
      end
    else
      move_back()
    end
  end
end

-- The same, and buries those whose record is broken. The answer: how many ids of the line it came through, and what
-- kept it from the others.
local function read_line(line, now)
  reading = 0
  while reading < #line do
    local fine, fault = pcall(read_on, line, reading + 1)
    if fine then
      break
    end
    move_back()
    if not is_fault_of_job(fault) then
      return reading - 1, fault
    end
    bury(line[reading], fault, now)
  end
  return reading
end

-- Starts what was taken, from a place on. What keeps it from that, if anything does: then all of it is back in line.
local function start_or_unpop(from, scores)
  local fine, fault = pcall(start, taken_ids, taken_jobs, from, taken, lone)
  if fine then
    return nil
  end
  move_back()
  unpop(taken_ids, from, taken, scores)
  taken = from - 1
  return fault
end

-- Counts what was started, from a place on, but for jobs that are only taken to fail: those use none of the rate.
local function count_against_limit(from, duration)
  local started = 0
  for place = from, taken do
    local past = taken_jobs[place * VALUES_OF_JOB]
    started = started + (past and past[DEFERRED_FAILURE] and 0 or 1)
  end
  if started > 0 and call('INCRBY', base .. 'limiter', started) == started and duration then
    call('PEXPIRE', base .. 'limiter', math.floor(math.abs(duration)))
  end
end

local function take(capacity, now)
  read_steering()
  local room = math.huge
  if queue_concurrency and not queue_paused then
    room = queue_concurrency - call('LLEN', base .. 'active')
  end
  local blocked = queue_paused or room <= 0
  -- The queue's own limit comes before the worker's, but the worker's own duration before the queue's.
  local limit = queue_limit or ARGV[6] ~= '' and tonumber(ARGV[6])
  promote_due(now, blocked)

  if bytes > MOST_KEPT then
    taken_jobs = {}
  end
  taken, seen, bytes = 0, {}, 0
  local limited, exhausted, ghosts, fault = limited_for(limit), false, 0, nil
  while bytes < MOST_BYTES and not fault and limited == 0 and not blocked and not exhausted
    and taken < capacity and ghosts < MOST_GHOSTS do
    local first = taken + 1
    local wanted = math.min(capacity - first + 1, room)
    local left = limit and limit - tonumber(call('GET', base .. 'limiter') or 0) or 0
    if left > 0 then
      wanted = math.min(wanted, left)
    end
    local popped, came, scores
    popped, exhausted, scores = pop(wanted)
    if exhausted then
      call('DEL', base .. 'pc')
    end
    came, fault = read_line(popped, now)
    ghosts = ghosts + came - (taken - first + 1)
    if came < #popped then
      unpop(popped, came + 1, #popped, scores)
      exhausted = false
    end
    if taken >= first then
      local problem = start_or_unpop(first, scores)
      if problem then
        fault, exhausted = problem, false
      end
    end
    room = room - (taken - first + 1)
    blocked = room <= 0
    if limit then
      count_against_limit(first, tonumber(ARGV[7]) or queue_limit_duration)
      if taken < capacity then
        limited = limited_for(limit)
      end
    end
  end

  if fault and taken == 0 then
    error(fault, 0)
  end
  if taken > 0 or ghosts >= MOST_GHOSTS then
    mark_work(base)
  end
  local due = 0
  if exhausted and taken < capacity and limited == 0 and not blocked then
    due = next_due(base) or 0
  end
  return taken, limited, due, blocked and taken < capacity and 1 or 0
end
