--[[
Lets delayed jobs run now, those first that are due first. Ids whose job is gone are dropped.

KEYS  1 the queue's meta key
ARGV  1 how many to look at
Reply [how many were promoted, how many it looked at]
Events waiting
]]
--- use promote
--- use blocked

local ids = call('ZRANGE', base .. 'delayed', 0, ARGV[1] - 1)
if #ids == 0 then
  return { 0, 0 }
end
call('ZREM', base .. 'delayed', unpack(ids))
local count = 0
for _, id in ipairs(ids) do
  if call('EXISTS', base .. id) == 1 then
    promote(id)
    count = count + 1
  end
end
if count > 0 and not is_blocked(base) then
  mark_work(base)
end
return { count, #ids }
