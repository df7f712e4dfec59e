--[[
Reads jobs of any queues, and which children they have.

KEYS  1 the meta key of one of the queues
ARGV  1 how many children of each kind at most, 0 for none   2… the jobs' keys
Reply per job [state or nil, the list of the hash's fields and values: empty if there is no such job,
      its children's keys, how many children it has in all]
Events none
]]
--- use state
--- use several_queues
--- use child_keys

local most = tonumber(ARGV[1])

local function count_children(job_key)
  return call('HLEN', job_key .. ':processed') + call('SCARD', job_key .. ':dependencies')
    + call('ZCARD', job_key .. ':unsuccessful') + call('HLEN', job_key .. ':failed')
end

local jobs = {}
for i = 2, #ARGV do
  local job_key = ARGV[i]
  local id = string.match(job_key, '([^:]*)$')
  work_on(string.sub(job_key, 1, #job_key - #id))
  local children = most > 0 and child_keys(job_key, most) or {}
  jobs[i - 1] = { state_of(id) or false, call('HGETALL', job_key), children, count_children(job_key) }
end
return jobs
