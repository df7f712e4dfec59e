--[[
How many jobs have ended in one final state, minute by minute.

KEYS  1 the queue's meta key
ARGV  1 'completed' or 'failed'   2 first point (from 0, the newest)   3 how many
Reply [count, prevTS and prevCount, the points, how many there are in all]
Events none
]]
--- use queue

local key, first, most = base .. 'metrics:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local points = most > 0 and call('LRANGE', key .. ':data', first, first + most - 1) or {}
return { call('HMGET', key, 'count', 'prevTS', 'prevCount'), points, call('LLEN', key .. ':data') }
