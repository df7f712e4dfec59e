--[[
One schedule.

KEYS  1 the queue's meta key
ARGV  1 its id
Reply as parts/read_schedule.lua says
Events none
]]
--- use read_schedule

return read_schedule(ARGV[1])
