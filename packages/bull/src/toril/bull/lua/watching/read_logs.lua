--[[
A page of a job's log.

KEYS  1 the queue's meta key
ARGV  1 id   2 first position (from 0)   3 how many (1 or more)   4 '1' for the newest first, else ''
Reply [the lines, how many the log has]
Events none
]]
--- use slice

local key = base .. ARGV[1] .. ':logs'
return { slice(key, tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'), call('LLEN', key) }
