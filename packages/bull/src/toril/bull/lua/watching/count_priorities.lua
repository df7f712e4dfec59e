--[[
How many jobs wait with each of some priorities.

KEYS  1 the queue's meta key
ARGV  the priorities; 0 for the jobs that wait without one
Reply the count of each
Events none
]]
--- use queue

local counts = {}
for i, priority in ipairs(ARGV) do
  if tonumber(priority) == 0 then
    -- "paused" is where a BullMQ before v6 puts the jobs of a paused queue.
    counts[i] = call('LLEN', base .. 'wait') + call('LLEN', base .. 'paused')
  else
    local lowest = priority * 4294967296
    counts[i] = call('ZCOUNT', base .. 'prioritized', lowest, lowest + 4294967295)
  end
end
return counts
