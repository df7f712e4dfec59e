--[[
Puts jobs back in line whose worker has let their lock run out, and notes which jobs are active now, to look at
them next time. A job that has stalled too often is put back as well, with the reason for which the worker that
takes it must fail it. Only one worker per interval does this.

KEYS  1 the queue's meta key
ARGV  1 now (ms)   2 interval (ms)   3 how often a job may stall
Reply the ids of the jobs put back
Events waiting, stalled
]]
--- use bury
--- use cancellation
--- use events
--- use enqueue

local now, interval, allowed = ARGV[1], ARGV[2], tonumber(ARGV[3])
if not call('SET', base .. 'stalled-check', now, 'PX', interval, 'NX') then
  return {}
end
trim_events()

-- A job of a live schedule may stall as often as it likes: failing it would end the schedule.
local function is_scheduled(id)
  local scheduler = call('HGET', base .. id, 'rjk')
  return scheduler and (call('EXISTS', base .. 'repeat:' .. scheduler) == 1
    or call('ZSCORE', base .. 'repeat', scheduler) ~= false)
end

local function recover(id)
  if call('EXISTS', base .. id .. ':lock') == 1 or call('LREM', base .. 'active', 1, id) == 0 then
    return false
  end
  if call('EXISTS', base .. id) == 0 then
    -- A ghost: nothing is left of the job.
    return false
  end
  if call('HINCRBY', base .. id, 'stc', 1) > allowed and not is_scheduled(id) and not is_cancelled(id) then
    call('HSET', base .. id, 'defa', 'job stalled more than allowable limit')
  end
  enqueue(base, id, 0, 'RPUSH', is_blocked(base))
  emit('waiting', 'jobId', id, 'prev', 'active')
  emit('stalled', 'jobId', id)
  return true
end

local function recover_or_bury(id)
  local fine, recovered = pcall(recover, id)
  if not fine then
    bury(id, recovered, now)
  end
  return fine and recovered
end

local recovered = {}
local candidates = call('SMEMBERS', base .. 'stalled')
call('DEL', base .. 'stalled')
for _, id in ipairs(candidates) do
  if recover_or_bury(id) then
    recovered[#recovered + 1] = id
  end
end

local active = call('LRANGE', base .. 'active', 0, -1)
for from = 1, #active, 5000 do
  call('SADD', base .. 'stalled', unpack(active, from, math.min(from + 4999, #active)))
end
return recovered
