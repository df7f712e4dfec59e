--- use events
-- For scripts that work on several queues: all that follows, the other parts included, is about `queue`
-- ("<prefix>:<queue>:").
local function work_on(queue)
  if base ~= queue then
    base, events_key, steering_read = queue, queue .. 'events', false
  end
end
