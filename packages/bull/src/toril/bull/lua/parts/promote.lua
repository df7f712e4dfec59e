--- use events
--- use marker
--- use order
-- Puts a job that waits no longer for its time where it can be fetched; the caller wakes a worker.
local function promote(id)
  local priority = tonumber(call('HGET', base .. id, 'priority')) or 0
  if priority > 0 then
    call('ZADD', base .. 'prioritized', priority_score(base, priority), id)
  else
    call('LPUSH', base .. 'wait', id)
  end
  emit('waiting', 'jobId', id, 'prev', 'delayed')
  call('HSET', base .. id, 'delay', 0)
end

-- Moves up to 1,000 delayed jobs that are due to where they can be fetched, also while the queue is paused.
local function promote_due(now, blocked)
  local due = call('ZRANGEBYSCORE', base .. 'delayed', 0, (now + 1) * 4096 - 1, 'LIMIT', 0, 1000)
  if #due == 0 then
    return
  end
  call('ZREM', base .. 'delayed', unpack(due))
  for _, id in ipairs(due) do
    promote(id)
  end
  if not blocked then
    mark_work(base)
  end
end
