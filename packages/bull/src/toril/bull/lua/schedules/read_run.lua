--[[
What a worker needs to know of a run that it has taken, in order to make the next one.

KEYS  1 the queue's meta key
ARGV  1 the schedule's id   2 the id of the run
Reply nil if there is nothing to do: the next run is there already, or the schedule has been removed; else
      [1, or 0 if it is none that we know how to continue; the run's options JSON]
Events none
]]
--- use queue

local last = call('ZSCORE', base .. 'repeat', ARGV[1])
if not last or tonumber(string.match(ARGV[2], ':(%d+)$')) ~= tonumber(last) then
  return false
end
return { call('HEXISTS', base .. 'repeat:' .. ARGV[1], 'ic'), call('HGET', base .. ARGV[2], 'opts') }
