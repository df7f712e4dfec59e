--- use steering
-- Whether no job of a queue may start now: it is paused, or as many run as its global concurrency allows.
local function is_blocked(queue)
  local paused, concurrency
  if queue == base then
    read_steering()
    paused, concurrency = queue_paused, queue_concurrency
  else
    local found = call('HMGET', queue .. 'meta', 'paused', 'concurrency')
    paused, concurrency = found[1], tonumber(found[2])
  end
  return paused or (concurrency and call('LLEN', queue .. 'active') >= concurrency) or false
end
