--[[
Whether a job has ended, and how.

KEYS  1 the queue's meta key
ARGV  1 id
Reply [state, result JSON, failed reason, stacktrace]: state is 'completed', 'failed', '' for a job that has not
      ended, nil for one that does not exist; the others are nil where the job has none
Events none
]]
--- use queue

local id = ARGV[1]
local job = call('HMGET', base .. id, 'returnvalue', 'failedReason', 'stacktrace')
if call('ZSCORE', base .. 'completed', id) then
  return { 'completed', job[1], job[2], job[3] }
elseif call('ZSCORE', base .. 'failed', id) then
  return { 'failed', job[1], job[2], job[3] }
elseif call('EXISTS', base .. id) == 1 then
  return { '', false, false, false }
end
return { false, false, false, false }
