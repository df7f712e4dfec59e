--- use queue
--- use blocked
--- use marker
--- use order
--- use enqueue
-- What the end of a child means for its parent (bullmq-protocol §6.1). A parent may live in another queue, so
-- each function names the queue: `queue` is what the keys of the parent's queue begin with.

-- The queue and the id in a job's key: the id is what follows the last colon.
local function split_key(job_key)
  local id = string.match(job_key, '([^:]*)$')
  return string.sub(job_key, 1, #job_key - #id), id
end

local function announce_release(queue, id)
  call('XADD', queue .. 'events', '*', 'event', 'waiting', 'jobId', id, 'prev', 'waiting-children')
end

-- Lets a parent run that waits no longer: after its own delay, by its own priority, else as the next in line.
local function release(queue, id, now)
  local parent = call('HMGET', queue .. id, 'priority', 'delay')
  local delay = tonumber(parent[2]) or 0
  if delay > 0 then
    local due = now + delay
    call('ZADD', queue .. 'delayed', due * 4096, id)
    call('XADD', queue .. 'events', '*', 'event', 'delayed', 'jobId', id, 'delay', due)
    mark_next_due(queue)
    return
  end
  enqueue(queue, id, tonumber(parent[1]) or 0, 'RPUSH', is_blocked(queue))
  announce_release(queue, id)
end

local function release_if_waiting(queue, id, now)
  if call('EXISTS', queue .. id) == 1 and call('ZREM', queue .. 'waiting-children', id) == 1 then
    release(queue, id, now)
  end
end

local function release_if_last(queue, id, now)
  if call('SCARD', queue .. id .. ':dependencies') == 0 then
    release_if_waiting(queue, id, now)
  end
end

-- The child failed and takes its parent with it: the parent is run at once, to fail with that reason.
local function doom(queue, id, child_key, now)
  local parent_key = queue .. id
  if call('EXISTS', parent_key) == 0 then
    return
  end
  local reason = 'child ' .. child_key .. ' failed'
  local waits = call('ZREM', queue .. 'waiting-children', id) == 1
  if not waits and call('ZREM', queue .. 'delayed', id) == 1 then
    call('HSET', parent_key, 'delay', 0)
    waits = true
  end
  if waits then
    call('HSET', parent_key, 'defa', reason)
    release(queue, id, now)
  elseif not call('ZSCORE', queue .. 'failed', id) then
    call('HSET', parent_key, 'defa', reason)
  end
end

local function child_completed(parent_key, queue, id, child_key, result, now)
  if call('SREM', parent_key .. ':dependencies', child_key) == 1 then
    call('HSET', parent_key .. ':processed', child_key, result)
    release_if_last(queue, id, now)
  end
end

-- `parent` is the child's own note of its parent, with what the child's failure means for it.
local function child_failed(parent, child_key, reason, now)
  local queue, id = parent.queueKey .. ':', parent.id
  local parent_key = queue .. id
  if not (parent.fpof or parent.cpof or parent.idof or parent.rdof) then
    return
  end
  if call('SREM', parent_key .. ':dependencies', child_key) == 0 then
    return
  end
  if parent.fpof then
    call('ZADD', parent_key .. ':unsuccessful', now, child_key)
    doom(queue, id, child_key, now)
  elseif parent.cpof then
    call('HSET', parent_key .. ':failed', child_key, reason)
    release_if_waiting(queue, id, now)
  else
    release_if_last(queue, id, now)
    if parent.idof then
      call('HSET', parent_key .. ':failed', child_key, reason)
    end
  end
end

-- A child that is removed is waited for no longer. The parent is then the next in line, whatever its priority.
local function child_removed(parent_key, child_key)
  if call('SREM', parent_key .. ':dependencies', child_key) == 0
    or call('SCARD', parent_key .. ':dependencies') > 0 then
    return
  end
  local queue, id = split_key(parent_key)
  if call('ZREM', queue .. 'waiting-children', id) == 1 then
    enqueue(queue, id, 0, 'RPUSH', is_blocked(queue))
    announce_release(queue, id)
  end
end
