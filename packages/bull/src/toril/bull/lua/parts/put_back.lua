--- use events
--- use blocked
--- use cancellation
--- use locks
--- use marker
--- use order
--- use enqueue
--- use promote_due
--- use finish
-- A job that leaves `active` without having ended (bullmq-protocol §4.4: retryJob, moveToDelayed,
-- moveJobFromActiveToWait): a function for each kind of outcome. `at` is the place in ARGV where its own values begin.
local put_back = {}

-- 0, or BullMQ's code, for a job whose lock is to be given up.
local function unlock_existing(id, token)
  if is_cancelled(id) then
    return CANCELLED
  elseif call('EXISTS', base .. id) == 0 then
    return -1
  end
  return unlock(id, token)
end

-- The same for a job that is about to leave `active`.
local function leave_active(id, token, fields)
  local refused = unlock_existing(id, token)
  if refused < 0 then
    return refused
  end
  set_fields(base .. id, fields)
  return call('LREM', base .. 'active', -1, id) > 0 and 0 or -3
end

local function priority_of(id)
  return tonumber(call('HGET', base .. id, 'priority')) or 0
end

-- One more attempt, at once: at the back of the line.
function put_back.retried(id, token, at, now)
  promote_due(now, is_blocked(base))
  local refused = leave_active(id, token, ARGV[at])
  if refused < 0 then
    return refused
  end
  enqueue(base, id, priority_of(id), 'LPUSH', is_blocked(base))
  call('HINCRBY', base .. id, 'atm', 1)
  emit_and_trim('waiting', 'jobId', id, 'prev', 'active')
  return 0
end

-- One more attempt, after a delay in ms; this one may not count.
function put_back.postponed(id, token, at, now)
  local delay, spares_attempt = tonumber(ARGV[at + 1]), ARGV[at + 2] == '1'
  local refused = leave_active(id, token, ARGV[at])
  if refused < 0 then
    return refused
  end
  local due = delay > 0 and now + delay or now
  call('ZADD', base .. 'delayed', due_score(base, due), id)
  if not spares_attempt then
    call('HINCRBY', base .. id, 'atm', 1)
  end
  call('HSET', base .. id, 'delay', delay)
  emit_and_trim('delayed', 'jobId', id, 'delay', due)
  mark_next_due(base)
  return 0
end

-- Handed back as if it had not been taken: next in line, no attempt counted. The second answer is whether the job
-- was there to be handed back; BullMQ does not mind if not.
function put_back.released(id, token)
  local refused = unlock_existing(id, token)
  if refused < 0 then
    return refused
  end
  if call('LREM', base .. 'active', 1, id) == 0 then
    return 0, false
  end
  local priority = priority_of(id)
  if priority > 0 then
    -- Before all others of its priority. BullMQ wakes nobody for it.
    call('ZADD', base .. 'prioritized', priority * 4294967296, id)
    if not is_blocked(base) then
      mark_work(base)
    end
  else
    enqueue(base, id, 0, 'RPUSH', is_blocked(base))
  end
  emit_and_trim('waiting', 'jobId', id, 'prev', 'active')
  return 0, true
end

-- The same for a job that met somebody else's rate limit: no other starts for so many ms either.
function put_back.limited(id, token, at)
  local refused, done = put_back.released(id, token)
  if refused == 0 then
    call('SET', base .. 'limiter', '9007199254740991', 'PX', ARGV[at])
  end
  return refused, done
end

-- Waits for its children, as moveToWaitingChildren has it. One whose last child has ended meanwhile is next in line
-- instead; BullMQ leaves that to the caller, who still runs there.
function put_back.parked(id, token, _, now)
  local job_key = base .. id
  if call('EXISTS', job_key) == 0 then
    return -1
  end
  if call('ZCARD', job_key .. ':unsuccessful') > 0 then
    return -9
  end
  if call('SCARD', job_key .. ':dependencies') == 0 then
    return put_back.released(id, token)
  end
  local refused = leave_active(id, token, '')
  if refused < 0 then
    return refused
  end
  call('ZADD', base .. 'waiting-children', now, id)
  emit('waiting-children', 'jobId', id, 'prev', 'active')
  return 0
end
