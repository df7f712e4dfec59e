--[[
Gives a delayed job another time.

KEYS  1 the queue's meta key
ARGV  1 id   2 delay (ms) from now   3 now (ms)
Reply 1; else the state that it is in, or nil if there is no such job
Events delayed
]]
--- use events
--- use marker
--- use order
--- use state

local id, delay = ARGV[1], tonumber(ARGV[2])
if call('EXISTS', base .. id) == 0 then
  return false
end
if not call('ZSCORE', base .. 'delayed', id) then
  return state_of(id) or false
end
local due = ARGV[3] + delay
call('ZADD', base .. 'delayed', due_score(base, due), id)
call('HSET', base .. id, 'delay', delay)
emit_and_trim('delayed', 'jobId', id, 'delay', due)
mark_next_due(base)
return 1
