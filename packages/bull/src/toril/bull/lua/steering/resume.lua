--[[
Ends a pause. Jobs that a BullMQ before v6 has put aside in a list of its own stand in line again: they are the next.

KEYS  1 the queue's meta key
ARGV  1 how many of those to move at most   2 '1' to tell of it by an event, else ''
Reply how many are left to be moved by another call
Events resumed
]]
--- use events
--- use marker

local wait, aside = base .. 'wait', base .. 'paused'
call('HDEL', base .. 'meta', 'paused')
if call('EXISTS', aside) == 1 then
  if call('EXISTS', wait) == 0 then
    call('RENAME', aside, wait)
  else
    local ids = call('LRANGE', aside, 0, ARGV[1] - 1)
    call('RPUSH', wait, unpack(ids))
    call('LTRIM', aside, #ids, -1)
  end
end
if call('EXISTS', wait, base .. 'prioritized') > 0 then
  mark_work(base)
else
  mark_next_due(base)
end
if ARGV[2] == '1' then
  emit('resumed')
end
return call('LLEN', aside)
