--[[
How long a rate limit still keeps jobs from starting.

KEYS  1 the queue's meta key
ARGV  1 how many jobs may start in the time of the limit; '' for what is set for the queue
Reply milliseconds, 0 if jobs may start; where no limit is known, what is left of the time that runs
Events none
]]
--- use queue

local most = tonumber(ARGV[1]) or tonumber(call('HGET', base .. 'meta', 'max') or '')
local started = tonumber(call('GET', base .. 'limiter') or 0)
if most and started < most then
  return 0
end
-- Without a time to live the limit is no longer one.
return math.max(call('PTTL', base .. 'limiter'), 0)
