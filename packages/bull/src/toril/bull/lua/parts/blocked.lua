--- use queue
-- Whether no job of a queue may start now: it is paused, or as many run as its global concurrency allows.
local function is_blocked(queue)
  local steering = call('HMGET', queue .. 'meta', 'paused', 'concurrency')
  if steering[1] then
    return true
  end
  return steering[2] and call('LLEN', queue .. 'active') >= tonumber(steering[2]) or false
end
