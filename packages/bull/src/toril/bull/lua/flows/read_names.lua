--[[
What jobs of any queues are called.

KEYS  1 the meta key of one of the queues
ARGV  1… the jobs' keys
Reply per job its name, or nil if it is gone
Events none
]]
--- use queue

local names = {}
for i, job_key in ipairs(ARGV) do
  names[i] = call('HGET', job_key, 'name')
end
return names
