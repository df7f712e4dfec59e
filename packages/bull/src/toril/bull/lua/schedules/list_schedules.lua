--[[
A page of the schedules of a queue, the one that runs next first.

KEYS  1 the queue's meta key
ARGV  1 first position (from 0)   2 how many
Reply each of them as parts/read_schedule.lua says
Events none
]]
--- use read_schedule

local page = {}
for at, id in ipairs(call('ZRANGE', base .. 'repeat', ARGV[1], ARGV[1] + ARGV[2] - 1)) do
  page[at] = read_schedule(id)
end
return page
