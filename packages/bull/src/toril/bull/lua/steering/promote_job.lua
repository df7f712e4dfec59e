--[[
Lets a delayed job run now.

KEYS  1 the queue's meta key
ARGV  1 id
Reply 1; else the state that it is in, or nil if there is no such job
Events waiting
]]
--- use promote
--- use blocked
--- use state

local id = ARGV[1]
if call('EXISTS', base .. id) == 0 then
  return false
end
if call('ZREM', base .. 'delayed', id) == 0 then
  return state_of(id) or false
end
promote(id)
if not is_blocked(base) then
  mark_work(base)
end
return 1
