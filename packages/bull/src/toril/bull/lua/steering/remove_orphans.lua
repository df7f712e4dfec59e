--[[
Removes what is left of jobs that stand in no state, each looked at and removed in one step.

KEYS  1 the queue's meta key
ARGV  the ids of jobs that may be such
Reply the ids of those that were
Events none
]]
--- use removal
--- use state

local removed = {}
for _, id in ipairs(ARGV) do
  if not state_of(id) and remove_keys(base .. id) + call('DEL', base .. id .. ':lock') > 0 then
    removed[#removed + 1] = id
  end
end
return removed
