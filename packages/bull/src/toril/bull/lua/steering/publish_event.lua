--[[
Adds an event of one's own to the queue's stream.

KEYS  1 the queue's meta key
ARGV  1 the event's name   2… its other fields and values
Reply the id of the event
Events the one given
]]
--- use events

return emit_and_trim(unpack(ARGV))
