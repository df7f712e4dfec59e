--- use bury
--- use events
--- use steering
--- use marker
--- use promote_due
--- use read_job
--- use start
-- Takes up to `capacity` waiting jobs for one worker (bullmq-protocol §4.2).
--
-- `terms` says how: token, lock_duration (ms), worker (name or ''), limit_max, limit_duration (numbers or nil).
-- The answer: ids, jobs, limited_for (ms), next_due (ms, 0 for none), blocked (0 or 1).

-- What a manual limit sets the counter to: more jobs than any limit allows.
local MANUAL_LIMIT = 9007199254740991

-- How long the rate limit holds, in ms: 0 if it does not. A manual limit holds also where no other is set (BullMQ's
-- workers without a limit of their own do not heed it). A full counter that never expires limits nothing.
local function limited_for(limit)
  if tonumber(call('GET', base .. 'limiter') or 0) < (limit or MANUAL_LIMIT) then
    return 0
  end
  local left = call('PTTL', base .. 'limiter')
  if left == 0 then
    call('DEL', base .. 'limiter')
  end
  return math.max(left, 0)
end

local function count_started(started, duration)
  if started > 0 and call('INCRBY', base .. 'limiter', started) == started and duration then
    call('PEXPIRE', base .. 'limiter', math.floor(math.abs(duration)))
  end
end

-- The next ids in line, at most `wanted`; the second answer says that no more than these are there.
local function pop(wanted)
  local ids = call('RPOP', base .. 'wait', wanted) or {}
  local missing = wanted - #ids
  if missing == 0 then
    return ids, false
  end
  local prioritized, scores = call('ZPOPMIN', base .. 'prioritized', missing), {}
  for i = 1, #prioritized, 2 do
    ids[#ids + 1] = prioritized[i]
    scores[prioritized[i]] = prioritized[i + 1]
  end
  return ids, #prioritized < missing * 2, scores
end

-- Puts ids back where they were popped, from a place in their line on.
local function unpop(ids, from, scores)
  for place = #ids, from, -1 do
    local score = scores and scores[ids[place]]
    if score then
      call('ZADD', base .. 'prioritized', score, ids[place])
    else
      call('RPUSH', base .. 'wait', ids[place])
    end
  end
end

-- What one answer may hold of payloads, in bytes: more than this and the locks of what was taken would run out
-- on a slow line before the worker knows of them.
local MOST_BYTES = 4000000

-- Ghosts must not hold the server up: a call that has dropped as many leaves the rest to the next one.
local MOST_GHOSTS = 500

-- Reads what was popped, in order, up to the bound on bytes, and buries those whose record is broken; ghosts (ids whose
-- job is gone, and the markers of a BullMQ before v5) are dropped. So is an id that was `seen` before: no script puts one
-- in line twice, but people do, and two runs with one lock could not be told apart. The answer: ids, jobs, how many of
-- the popped ids it came through, the bytes, and what kept it from the others.
local function read_popped(popped, bytes, now, seen)
  local ids, jobs, count = {}, {}, 0
  for place, id in ipairs(popped) do
    local fine, job = true, nil
    if not seen[id] then
      seen[id] = true
      fine, job = pcall(read_job, id)
    end
    if fine and job then
      count = count + 1
      ids[count], jobs[count] = id, job
      bytes = bytes + #(job[2] or '')
    elseif not fine and is_fault_of_job(job) then
      bury(id, job, now)
    elseif not fine then
      return ids, jobs, place - 1, bytes, job
    end
    if bytes >= MOST_BYTES then
      return ids, jobs, place, bytes
    end
  end
  return ids, jobs, #popped, bytes
end

local function take(capacity, now, terms)
  local queue = steering()
  local room = math.huge
  if queue.concurrency and not queue.paused then
    room = queue.concurrency - call('LLEN', base .. 'active')
  end
  local blocked = queue.paused or room <= 0
  -- The queue's own limit comes before the worker's, but the worker's own duration before the queue's.
  local limit = queue.limit_max or terms.limit_max
  local duration = terms.limit_duration or queue.limit_duration
  promote_due(now, blocked)

  local taken_ids, taken_jobs, seen = {}, {}, {}
  local limited, exhausted, ghosts, bytes, fault = limited_for(limit), false, 0, 0, nil
  while bytes < MOST_BYTES and not fault and limited == 0 and not blocked and not exhausted
    and #taken_ids < capacity and ghosts < MOST_GHOSTS do
    local wanted = math.min(capacity - #taken_ids, room)
    local left = limit and limit - tonumber(call('GET', base .. 'limiter') or 0) or 0
    if left > 0 then
      wanted = math.min(wanted, left)
    end
    local popped, ids, jobs, came, scores
    popped, exhausted, scores = pop(wanted)
    if exhausted then
      call('DEL', base .. 'pc')
    end
    ids, jobs, came, bytes, fault = read_popped(popped, bytes, now, seen)
    ghosts = ghosts + came - #ids
    if came < #popped then
      unpop(popped, came + 1, scores)
      exhausted = false
    end
    if #ids > 0 then
      local fine, problem = pcall(start, ids, jobs, now, terms)
      if not fine then
        unpop(ids, 1, scores)
        ids, fault, exhausted = {}, problem, false
      end
    end
    room = room - #ids
    blocked = room <= 0
    local counted = 0
    for place, id in ipairs(ids) do
      taken_ids[#taken_ids + 1] = id
      taken_jobs[#taken_jobs + 1] = jobs[place]
      -- A job that is only taken to fail uses none of the rate.
      counted = counted + (jobs[place][5] and 0 or 1)
    end
    if limit then
      count_started(counted, duration)
      if #taken_ids < capacity then
        limited = limited_for(limit)
      end
    end
  end

  if fault and #taken_ids == 0 then
    error(fault, 0)
  end
  if #taken_ids > 0 or ghosts >= MOST_GHOSTS then
    mark_work(base)
  end
  local due = 0
  if exhausted and #taken_ids < capacity and limited == 0 and not blocked then
    due = next_due(base) or 0
  end
  return taken_ids, taken_jobs, limited, due, blocked and #taken_ids < capacity and 1 or 0
end
