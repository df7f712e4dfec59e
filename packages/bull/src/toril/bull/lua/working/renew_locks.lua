--[[
Renews the locks of running jobs, and looks which of these are to be cancelled.

KEYS  1 the queue's meta key
ARGV  1 lock duration (ms), then per job two: id   token
Reply { the ids whose lock is gone or is another worker's, the ids whose jobs are to be cancelled }
Events none
]]
--- use cancellation

local lock_keys = {}
for i = 2, #ARGV, 2 do
  lock_keys[#lock_keys + 1] = base .. ARGV[i] .. ':lock'
end
local lost, renewed, cancelled = {}, {}, {}
for i, token in ipairs(call('MGET', unpack(lock_keys))) do
  local id = ARGV[i * 2]
  if token == ARGV[i * 2 + 1] then
    call('PEXPIRE', lock_keys[i], ARGV[1])
    renewed[#renewed + 1] = id
    -- A record that somebody broke must not cost the others their locks.
    local readable, is_marked = pcall(is_cancelled, id)
    if readable and is_marked then
      cancelled[#cancelled + 1] = id
    end
  else
    lost[#lost + 1] = id
  end
end
if #renewed > 0 then
  call('SREM', base .. 'stalled', unpack(renewed))
end
return { lost, cancelled }
