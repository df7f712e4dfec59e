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
  queue_concurrency, queue_limit, queue_limit_duration = tonumber(found[2]), tonumber(found[3]), tonumber(found[4])
  queue_stream_length = found[5]
  steering_read = true
end
