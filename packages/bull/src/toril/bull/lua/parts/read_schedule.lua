--- use queue
-- All that stands of a schedule: its id, when its next run is due (ms; nil for no schedule), the fields of its
-- record, and 1 if that run is still to come or under way.
local function read_schedule(id)
  local due = call('ZSCORE', base .. 'repeat', id)
  local run = due and call('HMGET', base .. string.format('repeat:%s:%.0f', id, tonumber(due)), 'name', 'finishedOn')
  return { id, due, call('HGETALL', base .. 'repeat:' .. id), run and run[1] and not run[2] and 1 or 0 }
end
