--[[
Lets a finished job run again.

KEYS  1 the queue's meta key
ARGV  1 id   2… fields to forget: 'atm' (attempts made), 'ats' (attempts started)
Reply 1; else the state that it is in, or nil if there is no such job
Events waiting
]]
--- use reopen
--- use state

local id = ARGV[1]
if call('EXISTS', base .. id) == 0 then
  return false
end
-- BullMQ's clients read from the options whether it goes to the front.
local readable, options = pcall(cjson.decode, call('HGET', base .. id, 'opts') or '')
local is_lifo = readable and type(options) == 'table' and options.lifo == true
for _, state in ipairs({ 'failed', 'completed' }) do
  if call('ZREM', base .. state, id) == 1 then
    reopen(id, state, is_lifo and 'RPUSH' or 'LPUSH', is_blocked(base), unpack(ARGV, 2))
    return 1
  end
end
return state_of(id) or false
