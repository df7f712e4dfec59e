--- use queue
-- What the meta hash says of the queue as a whole, read once a call. A script that changes it must not ask before.
local steering_read, queue_paused, queue_concurrency, queue_limit, queue_limit_duration, queue_stream_length

--- each call
steering_read = false

--- once
local function read_steering()
  if steering_read then
    return
  end
  local found = call('HMGET', base .. 'meta', 'paused', 'concurrency', 'max', 'duration', 'opts.maxLenEvents')
  queue_paused = found[1] ~= false
  queue_concurrency = found[2] and tonumber(found[2])
  queue_limit = found[3] and tonumber(found[3])
  queue_limit_duration = found[4] and tonumber(found[4])
  queue_stream_length = found[5]
  steering_read = true
end
