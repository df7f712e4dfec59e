--- use queue
-- The marker wakes one idle worker: member "0" says that there is work now, member "1" when the next
-- delayed job is due.
local function mark_work(queue)
  call('ZADD', queue .. 'marker', 0, '0')
end

-- When the first delayed job is due, in ms; the fraction is its place among those due in the same one.
local function next_due(queue)
  local first = call('ZRANGE', queue .. 'delayed', 0, 0, 'WITHSCORES')
  return first[2] and tonumber(first[2]) / 4096
end

local function mark_next_due(queue)
  local due = next_due(queue)
  if due then
    call('ZADD', queue .. 'marker', due, '1')
  end
end
