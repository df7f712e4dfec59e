--[[
Everything that stands of a job, and where it stands, at one moment.

KEYS  1 the queue's meta key
ARGV  1 id
Reply [state or nil, the list of the hash's fields and values: empty if there is no such job]
Events none
]]
--- use state

return { state_of(ARGV[1]) or false, call('HGETALL', base .. ARGV[1]) }
