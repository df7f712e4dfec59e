--- use steering
-- The event stream, and how long it may grow (BullMQ's default of 10,000 is written where nobody chose one).
local events_key, longest_stream

--- each call
events_key, longest_stream = base .. 'events', nil

--- once
local function max_events()
  if not longest_stream then
    longest_stream = steering().longest_stream
    if not longest_stream then
      longest_stream = 10000
      call('HSET', base .. 'meta', 'opts.maxLenEvents', longest_stream)
    end
  end
  return longest_stream
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
