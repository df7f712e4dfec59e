--- use queue
-- What the meta hash says of the queue as a whole, read once a script. A script that changes it must not ask before.
local steering_read

--- each call
steering_read = nil

--- once
local function steering()
  if not steering_read then
    local found = call('HMGET', base .. 'meta', 'paused', 'concurrency', 'max', 'duration', 'opts.maxLenEvents')
    steering_read = {
      paused = found[1] ~= false,
      concurrency = tonumber(found[2]),
      limit_max = tonumber(found[3]),
      limit_duration = tonumber(found[4]),
      longest_stream = found[5],
    }
  end
  return steering_read
end
