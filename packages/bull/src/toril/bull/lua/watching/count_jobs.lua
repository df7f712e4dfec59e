--[[
How many jobs are in each state, at one moment.

KEYS  1 the queue's meta key
Reply [waiting, active, prioritized, delayed, waiting-children, completed, failed, 1 if the queue is paused]
Events none
]]
--- use queue

-- At its tail a BullMQ before v5 kept a marker, "0:<ms>", which is no job.
local function jobs_in(list)
  local marker = string.sub(call('LINDEX', base .. list, -1) or '', 1, 2) == '0:'
  return call('LLEN', base .. list) - (marker and 1 or 0)
end

-- "paused" is where a BullMQ before v6 puts the jobs of a paused queue.
return {
  jobs_in('wait') + jobs_in('paused'),
  call('LLEN', base .. 'active'),
  call('ZCARD', base .. 'prioritized'),
  call('ZCARD', base .. 'delayed'),
  call('ZCARD', base .. 'waiting-children'),
  call('ZCARD', base .. 'completed'),
  call('ZCARD', base .. 'failed'),
  call('HEXISTS', base .. 'meta', 'paused'),
}
