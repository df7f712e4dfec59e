--- use queue
-- Scores that keep jobs in the order in which they came, among those of one priority or of one due time.
local function priority_score(queue, priority)
  return priority * 4294967296 + call('INCR', queue .. 'pc') % 4294967296
end

-- The first free place in the millisecond `due`; its last place is shared by all that find it full.
local function due_score(queue, due)
  local lowest = due * 4096
  local highest = lowest + 4095
  local last = call('ZREVRANGEBYSCORE', queue .. 'delayed', highest, lowest, 'WITHSCORES', 'LIMIT', 0, 1)
  if last[2] then
    return math.min(tonumber(last[2]) + 1, highest)
  end
  return lowest
end
