--[[
The jobs that may have stood the longest in each state: a few, so that the cost does not grow with the queue.

KEYS  1 the queue's meta key
ARGV  1 how many jobs to look at in each state
Reply [waiting, active, prioritized, delayed, waiting-children, completed, failed]: for the first three the jobs,
      each [timestamp, processedOn, opts], nil where it has none; for the others the lowest score, or nil
Events none
]]
--- use slice

local most = tonumber(ARGV[1])

local function read(jobs, ids)
  for _, id in ipairs(ids) do
    jobs[#jobs + 1] = call('HMGET', base .. id, 'timestamp', 'processedOn', 'opts')
  end
  return jobs
end

-- The tail of a list came first. "paused" is where a BullMQ before v6 puts the jobs of a paused queue.
local waiting = read(read({}, slice(base .. 'wait', 0, most, true)), slice(base .. 'paused', 0, most, true))
local active = read({}, slice(base .. 'active', 0, most, true))

-- The first job of each priority came first; the least urgent priorities wait the longest.
local prioritized, below = {}, '+inf'
while #prioritized < most do
  local last = call('ZREVRANGEBYSCORE', base .. 'prioritized', below, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not last[1] then
    break
  end
  local lowest = math.floor(tonumber(last[2]) / 4294967296) * 4294967296
  read(prioritized, call('ZRANGEBYSCORE', base .. 'prioritized', lowest, '+inf', 'LIMIT', 0, 1))
  below = '(' .. string.format('%.0f', lowest)
end

local reply = { waiting, active, prioritized }
for i, state in ipairs({ 'delayed', 'waiting-children', 'completed', 'failed' }) do
  reply[3 + i] = call('ZRANGE', base .. state, 0, 0, 'WITHSCORES')[2] or false
end
return reply
