--[[
Removes a part of a queue for good; once no job is left, also what the queue knows of itself.

KEYS  1 the queue's meta key
ARGV  1 how many jobs (and schedules) to remove at most   2 '1' to remove jobs that run as well, else ''
Reply [1 if there is more, 0 if nothing is left; how many jobs and schedules were removed];
      [-1] if the queue is not paused, [-2] if jobs run
Events none: the stream goes too
]]
--- use queue
--- use sweep

local most = tonumber(ARGV[1])
local left = most

local function is_never_spared()
  return false
end

-- Newest first, as BullMQ does.
local function remove_list(list)
  local ids = call('LRANGE', base .. list, 0, left - 1)
  for _, id in ipairs(ids) do
    call('DEL', base .. id .. ':lock')
    sweep(id)
  end
  call('LTRIM', base .. list, #ids, -1)
  left = left - #ids
end

local function remove_set(set)
  local _, count = sweep_set(set, call('ZRANGE', base .. set, 0, left - 1), left, is_never_spared)
  left = left - count
end

local function remove_schedules()
  local ids = call('ZRANGE', base .. 'repeat', 0, left - 1)
  for _, id in ipairs(ids) do
    call('DEL', base .. 'repeat:' .. id)
    call('ZREM', base .. 'repeat', id)
  end
  left = left - #ids
end

if call('HEXISTS', base .. 'meta', 'paused') == 0 then
  return { -1 }
end
if ARGV[2] == '' and call('LLEN', base .. 'active') > 0 then
  return { -2 }
end
local STEPS = {
  { remove_list, 'active' },
  { remove_set, 'delayed' },
  { remove_schedules },
  { remove_set, 'completed' },
  { remove_list, 'wait' },
  { remove_list, 'paused' },
  { remove_set, 'prioritized' },
  { remove_set, 'failed' },
  { remove_set, 'waiting-children' },
}
for _, step in ipairs(STEPS) do
  step[1](step[2])
  if left <= 0 then
    return { 1, most - left }
  end
end
for _, name in ipairs({ 'events', 'delay', 'stalled-check', 'stalled', 'id', 'pc', 'marker', 'meta', 'limiter',
  'metrics:completed', 'metrics:completed:data', 'metrics:failed', 'metrics:failed:data' }) do
  call('DEL', base .. name)
end
return { 0, most - left }
