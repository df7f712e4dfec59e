--[[
Replaces the data of a job.

KEYS  1 the queue's meta key
ARGV  1 id   2 data JSON
Reply 1, or nil if there is no such job
Events none
]]
--- use queue

if call('EXISTS', base .. ARGV[1]) == 0 then
  return false
end
call('HSET', base .. ARGV[1], 'data', ARGV[2])
return 1
