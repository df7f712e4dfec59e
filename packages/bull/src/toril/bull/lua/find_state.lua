--[[
Where a job stands.

KEYS  1 the queue's meta key
ARGV  1 id
Reply the state, or nil if the job is nowhere
Events none
]]
--- use queue

local id = ARGV[1]
for _, state in ipairs({ 'completed', 'failed', 'delayed', 'prioritized', 'waiting-children' }) do
  if call('ZSCORE', base .. state, id) then
    return state
  end
end
if call('LPOS', base .. 'active', id) then
  return 'active'
end
if call('LPOS', base .. 'wait', id) or call('LPOS', base .. 'paused', id) then
  return 'waiting'
end
return false
