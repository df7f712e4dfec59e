--[[
Where a job stands.

KEYS  1 the queue's meta key
ARGV  1 id
Reply the state, or nil if the job is nowhere
Events none
]]
--- use state

return state_of(ARGV[1]) or false
