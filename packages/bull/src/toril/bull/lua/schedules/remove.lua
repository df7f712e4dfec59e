--[[
Removes a schedule, and its next run if that waits to be started.

KEYS  1 the queue's meta key
ARGV  1 the schedule's id
Reply 1, or 0 if there is no such schedule
Events removed
]]
--- use scheduled_run

local id = ARGV[1]
local due = tonumber(call('ZSCORE', base .. 'repeat', id) or nil)
if not due then
  return 0
end
local was_in = remove_run(run_id(id, due))
if was_in then
  emit('removed', 'jobId', run_id(id, due), 'prev', was_in)
end
call('ZREM', base .. 'repeat', id)
call('DEL', base .. 'repeat:' .. id)
return 1
