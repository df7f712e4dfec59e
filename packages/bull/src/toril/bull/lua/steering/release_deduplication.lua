--[[
Frees a deduplication key, so that another job may be added with it.

KEYS  1 the queue's meta key
ARGV  1 the key   2 id of the job that must hold it, or '' for any
Reply 1, or 0 if nobody holds it, or another job
Events none
]]
--- use queue

local key = base .. 'de:' .. ARGV[1]
if ARGV[2] ~= '' and call('GET', key) ~= ARGV[2] then
  return 0
end
return call('DEL', key)
