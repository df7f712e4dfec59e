--[[
Removes the children of a job that have not run yet, with theirs. Children that have ended, and those that a worker
holds, stay.

KEYS  1 the queue's meta key
ARGV  1 id   2 how many jobs one call may remove
Reply [how many jobs were removed, 1 if another call is needed, else 0]; nil if there is no such job
Events removed; `waiting` of the job, if it waited for these alone
]]
--- use tree

local job_key = base .. ARGV[1]
most, pending_only = tonumber(ARGV[2]), true

if call('EXISTS', job_key) == 0 then
  return false
end
if size_of(job_key, most + 2) > most + 1 then
  local count = prune(job_key, most, true)
  if count > 0 then
    return { count, 1 }
  end
  -- What is left are those to be spared, or a chain that cannot be cut.
  most = NO_BOUND
end
return { remove_children(job_key), 0 }
