--- use events
--- use marker
-- Moves up to 1,000 delayed jobs that are due to where they can be fetched, also while the queue is paused.
local function promote_due(now, blocked)
  local due = call('ZRANGEBYSCORE', base .. 'delayed', 0, (now + 1) * 4096 - 1, 'LIMIT', 0, 1000)
  if #due == 0 then
    return
  end
  --- use promote
  call('ZREM', base .. 'delayed', unpack(due))
  for _, id in ipairs(due) do
    promote(id)
  end
  if not blocked then
    mark_work(base)
  end
end
