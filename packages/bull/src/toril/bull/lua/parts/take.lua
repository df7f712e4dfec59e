--- use bury
--- use events
--- use steering
--- use marker
--- use promote
--- use read_job
-- Takes up to `capacity` waiting jobs for one worker (bullmq-protocol §4.2).
--
-- `terms` says how: token, lock_duration (ms), worker (name or ''), limit_max, limit_duration (numbers or nil).
-- The answer: { jobs, limited_for (ms), next_due (ms, 0 for none), blocked }.

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

-- Locks and starts a job; nil for an id whose job is gone (a ghost), or a marker of a BullMQ before v5.
local function start(id, now, terms)
  local job_key = base .. id
  local job = read_job(id)
  if not job then
    return nil
  end
  if terms.token ~= '0' then
    call('SET', job_key .. ':lock', terms.token, 'PX', terms.lock_duration)
  end
  emit('active', 'jobId', id, 'prev', 'waiting')
  job[6] = job[6] + 1
  if terms.worker ~= '' then
    call('HSET', job_key, 'processedOn', now, 'ats', job[6], 'pb', terms.worker)
  else
    call('HSET', job_key, 'processedOn', now, 'ats', job[6])
  end
  return job
end

-- What one answer may hold of payloads, in bytes: more than this and the locks of what was taken would run out
-- on a slow line before the worker knows of them.
local MOST_BYTES = 4000000

-- Ghosts must not hold the server up: a call that has dropped as many leaves the rest to the next one.
local MOST_GHOSTS = 500

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

  local jobs = {}
  local limited, exhausted, ghosts, bytes = limited_for(limit), false, 0, 0
  local fault
  while bytes < MOST_BYTES and not fault and limited == 0 and not blocked and not exhausted and #jobs < capacity and ghosts < MOST_GHOSTS do
    local wanted = math.min(capacity - #jobs, room)
    local left = limit and limit - tonumber(call('GET', base .. 'limiter') or 0) or 0
    if left > 0 then
      wanted = math.min(wanted, left)
    end
    local ids, scores
    ids, exhausted, scores = pop(wanted)
    local started, counted = {}, 0
    for place, id in ipairs(ids) do
      local fine, job = pcall(start, id, now, terms)
      if fine and job then
        started[#started + 1] = id
        jobs[#jobs + 1] = job
        bytes = bytes + #(job[2] or '')
        -- A job that is only taken to fail uses none of the rate.
        counted = counted + (job[5] and 0 or 1)
      elseif fine then
        ghosts = ghosts + 1
      elseif is_fault_of_job(job) then
        bury(id, job, now)
        ghosts = ghosts + 1
      else
        fault = job
      end
      if fault or (bytes >= MOST_BYTES and place < #ids) then
        unpop(ids, fault and place or place + 1, scores)
        exhausted = false
        break
      end
    end
    if exhausted then
      call('DEL', base .. 'pc')
    end
    if #started > 0 then
      call('LPUSH', base .. 'active', unpack(started))
      room = room - #started
      blocked = room <= 0
    end
    if limit then
      count_started(counted, duration)
      if #jobs < capacity then
        limited = limited_for(limit)
      end
    end
  end

  if fault and #jobs == 0 then
    error(fault, 0)
  end
  if #jobs > 0 or ghosts >= MOST_GHOSTS then
    mark_work(base)
  end
  local due = 0
  if exhausted and #jobs < capacity and limited == 0 and not blocked then
    due = next_due(base) or 0
  end
  return { jobs, limited, due, blocked and #jobs < capacity and 1 or 0 }
end
