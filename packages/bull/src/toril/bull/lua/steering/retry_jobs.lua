--[[
Lets finished jobs run again, those first that have ended first. Ids whose job is gone are dropped.

KEYS  1 the queue's meta key
ARGV  1 state: failed or completed   2 how many to look at   3 newest end (ms) of the jobs to retry
Reply [how many are to run again, how many it looked at]
Events waiting
]]
--- use reopen

local state = ARGV[1]
local ids = call('ZRANGEBYSCORE', base .. state, 0, ARGV[3], 'LIMIT', 0, ARGV[2])
if #ids == 0 then
  return { 0, 0 }
end
call('ZREM', base .. state, unpack(ids))
local blocked, count = is_blocked(base), 0
for _, id in ipairs(ids) do
  if call('EXISTS', base .. id) == 1 then
    reopen(id, state, 'LPUSH', blocked)
    count = count + 1
  end
end
return { count, #ids }
