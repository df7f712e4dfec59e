--[[
How many children a job has of each kind.

KEYS  1 the queue's meta key
ARGV  1 id
Reply [processed, unprocessed, ignored, failed]
Events none
]]
--- use queue

local job = base .. ARGV[1]
return {
  call('HLEN', job .. ':processed'),
  call('SCARD', job .. ':dependencies'),
  -- What BullMQ calls "failed" in a key are the failures that parents ignore.
  call('HLEN', job .. ':failed'),
  call('ZCARD', job .. ':unsuccessful'),
}
