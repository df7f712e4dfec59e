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
