--[[
How many jobs are in each state, at one moment.

KEYS  1 the queue's meta key
Reply [waiting, active, prioritized, delayed, waiting-children, completed, failed, 1 if the queue is paused]
Events none
]]
--- use queue

-- "paused" is where a BullMQ before v6 puts the jobs of a paused queue.
return {
  call('LLEN', base .. 'wait') + call('LLEN', base .. 'paused'),
  call('LLEN', base .. 'active'),
  call('ZCARD', base .. 'prioritized'),
  call('ZCARD', base .. 'delayed'),
  call('ZCARD', base .. 'waiting-children'),
  call('ZCARD', base .. 'completed'),
  call('ZCARD', base .. 'failed'),
  call('HEXISTS', base .. 'meta', 'paused'),
}
