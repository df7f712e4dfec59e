--[[
Adds the one flow that comes from a row of an outbox, once.

KEYS  1… the meta keys of the queues, the first job's first
ARGV  1 id of the row; then as of flows/add_flows
Reply as of flows/add_flows; for a row that was relayed before, that it was added
Events those of flows/add_flows
]]
--- use relayed

local row = ARGV[1]
if was_relayed(row) then
  return { 0, 0 }
end
local flow = {}
for at = 2, #ARGV do
  flow[at - 1] = ARGV[at]
end

local function add_flow(ARGV)
--- include flows/add_flows
end

local replies = add_flow(flow)
if replies[1] == 0 then
  note_relayed({ row })
end
return replies
