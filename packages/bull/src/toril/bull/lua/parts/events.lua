--- use steering
-- The event stream, and how long it may grow (BullMQ's default of 10,000 is written where nobody chose one).
local events_key

--- each call
events_key = base .. 'events'

--- once
local function max_events()
  read_steering()
  if not queue_stream_length then
    queue_stream_length = 10000
    call('HSET', base .. 'meta', 'opts.maxLenEvents', queue_stream_length)
  end
  return queue_stream_length
end

local function trim_events()
  call('XTRIM', events_key, 'MAXLEN', '~', max_events())
end

local function emit(event, ...)
  call('XADD', events_key, '*', 'event', event, ...)
end

local function emit_and_trim(event, ...)
  return call('XADD', events_key, 'MAXLEN', '~', max_events(), '*', 'event', event, ...)
end
