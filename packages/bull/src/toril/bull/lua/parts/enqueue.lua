--- use events
--- use blocked
--- use marker
--- use order
-- Puts one job where fetching finds it: by its priority, or at an end of the waiting list
-- (LPUSH: behind all others; RPUSH: next in line).
local function enqueue(queue, id, priority, push, blocked)
  if priority > 0 then
    call('ZADD', queue .. 'prioritized', priority_score(queue, priority), id)
  else
    call(push, queue .. 'wait', id)
  end
  if not blocked then
    mark_work(queue)
  end
end
