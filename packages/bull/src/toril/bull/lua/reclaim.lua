--[[
Finds the jobs that were taken with a token whose answer never reached the worker.

KEYS  1 the queue's meta key
ARGV  1 the token
Reply the jobs, each as settle_and_take answers with it
Events none
]]
--- use read_job

local jobs = {}
local active = call('LRANGE', base .. 'active', 0, -1)
-- The newest stands first; they are to start in the order in which they were taken.
for i = #active, 1, -1 do
  if call('GET', base .. active[i] .. ':lock') == ARGV[1] then
    jobs[#jobs + 1] = read_job(active[i])
  end
end
return jobs
