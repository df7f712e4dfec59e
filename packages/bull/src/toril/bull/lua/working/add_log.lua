--[[
Adds a line to a job's log.

KEYS  1 the queue's meta key
ARGV  1 id   2 the line   3 how many lines to keep, the newest
Reply how many lines there are, or 0 if the job is gone
Events none
]]
--- use queue

local logs_key = base .. ARGV[1] .. ':logs'
if call('EXISTS', base .. ARGV[1]) == 0 then
  return 0
end
local lines = call('RPUSH', logs_key, ARGV[2])
local keep = tonumber(ARGV[3])
if lines > keep then
  call('LTRIM', logs_key, -keep, -1)
  return keep
end
return lines
