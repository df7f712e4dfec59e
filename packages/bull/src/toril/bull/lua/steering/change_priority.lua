--[[
Gives a job another priority. One that waits is put in line again by it; all others keep it for when they will.

KEYS  1 the queue's meta key
ARGV  1 id   2 priority, 0 for none   3 '1' to put it in front of those of that priority, else ''
Reply 1, or nil if there is no such job
Events none
]]
--- use enqueue

local id, priority, is_first = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
if call('EXISTS', base .. id) == 0 then
  return false
end
if call('ZREM', base .. 'prioritized', id) == 1 or call('LREM', base .. 'wait', -1, id) == 1 then
  if priority > 0 and is_first then
    -- As BullMQ has it: no worker is woken.
    call('ZADD', base .. 'prioritized', priority * 4294967296, id)
  else
    enqueue(base, id, priority, is_first and 'RPUSH' or 'LPUSH', is_blocked(base))
  end
end
call('HSET', base .. id, 'priority', ARGV[2])
return 1
