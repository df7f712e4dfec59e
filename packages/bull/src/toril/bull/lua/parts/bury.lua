--- use events
-- A job whose record makes a command fail: it is failed, with what Redis says, and out of everybody's way.
local BROKEN = -100

local function in_words(fault)
  return type(fault) == 'table' and fault.err or tostring(fault)
end

-- What is wrong with the server, or with this user's permissions (in the words of Valkey, and of Redis before 7.2), is
-- no fault of the job: it stops the script.
local function is_fault_of_job(fault)
  local not_the_job = { 'OOM', 'READONLY', 'MISCONF', 'NOREPLICAS', 'MASTERDOWN', 'CLUSTERDOWN', 'NOPERM',
    'ACL failure', 'The user executing the script', 'CROSSSLOT' }
  for _, code in ipairs(not_the_job) do
    if string.find(in_words(fault), code, 1, true) then
      return false
    end
  end
  return true
end

-- A fault that is not the job's is raised again.
local function bury(id, fault, now)
  if not is_fault_of_job(fault) then
    error(fault, 0)
  end
  local reason = 'the job cannot be read: ' .. in_words(fault)
  -- The command may have failed after the job was filed elsewhere.
  call('LREM', base .. 'active', -1, id)
  call('LREM', base .. 'wait', 0, id)
  for _, state in ipairs({ 'prioritized', 'delayed', 'completed' }) do
    call('ZREM', base .. state, id)
  end
  call('SREM', base .. 'stalled', id)
  call('DEL', base .. id .. ':lock')
  call('ZADD', base .. 'failed', now, id)
  redis.pcall('HSET', base .. id, 'failedReason', reason, 'finishedOn', now)
  emit('failed', 'jobId', id, 'failedReason', reason, 'prev', 'active')
end
