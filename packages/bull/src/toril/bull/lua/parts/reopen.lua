--- use cancellation
--- use events
--- use enqueue
-- A finished job is to run again (its id has left the set of those in the state `was`).
local VALUES = { failed = 'failedReason', completed = 'returnvalue' }

-- Its parent waits for it again, if it has not been released meanwhile.
local function rejoin_parent(parent_key, job_key, was)
  local left
  if was == 'completed' then
    left = call('HDEL', parent_key .. ':processed', job_key)
  else
    left = math.max(call('ZREM', parent_key .. ':unsuccessful', job_key), call('HDEL', parent_key .. ':failed', job_key))
  end
  if left == 1 then
    call('SADD', parent_key .. ':dependencies', job_key)
  end
end

-- `push` says to which end of the line it goes; what follows are further fields to forget.
local function reopen(id, was, push, blocked, ...)
  local job_key = base .. id
  local job = call('HMGET', job_key, 'priority', 'parentKey', 'defa')
  call('HDEL', job_key, 'finishedOn', 'processedOn', VALUES[was], ...)
  if job[3] == CANCELLED_REASON then
    -- A Node worker completed it all the same.
    call('HDEL', job_key, 'defa')
  end
  enqueue(base, id, tonumber(job[1]) or 0, push, blocked)
  if job[2] and job[2] ~= '' and call('EXISTS', job[2]) == 1 then
    rejoin_parent(job[2], job_key, was)
  end
  emit_and_trim('waiting', 'jobId', id, 'prev', was)
end
