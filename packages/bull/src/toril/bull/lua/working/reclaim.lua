--[[
Finds the jobs that were taken with a token whose answer never reached the worker, and renews their locks.

KEYS  1 the queue's meta key
ARGV  1 the token   2 lock duration (ms)
Reply the jobs, as settle_and_take answers with them
Events none
]]
--- use read_job

local jobs, count = {}, 0
local active = call('LRANGE', base .. 'active', 0, -1)
-- The newest stands first; they are to start in the order in which they were taken.
for i = #active, 1, -1 do
  local lock_key = base .. active[i] .. ':lock'
  -- One that was deleted by hand meanwhile is a ghost: it stalls, and is dropped then.
  if call('GET', lock_key) == ARGV[1] and read_job(active[i], jobs, count, true) then
    count = count + 1
    call('PEXPIRE', lock_key, ARGV[2])
  end
end
return jobs
