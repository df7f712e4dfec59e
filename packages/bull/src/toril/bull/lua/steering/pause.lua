--[[
Lets no worker take jobs. Those that run end as usual.

KEYS  1 the queue's meta key
Reply nothing
Events paused
]]
--- use events

call('HSET', base .. 'meta', 'paused', 1)
call('DEL', base .. 'marker')
emit('paused')
