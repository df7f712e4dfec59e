--[[
Sets a schedule, new or in place of the one with its id, and adds its next run in place of the one that waits. A
schedule that keeps its pace keeps the time of that run. If it is refused, nothing has changed.

KEYS  1 the queue's meta key
ARGV  1 the schedule's id   2 now (ms)   3 the next time of a cron pattern (ms), or ''
      4 pace (ms), or ''   5 offset (ms), or ''   6 start (ms), or ''
      7 job name   8 job data JSON, '{}' for none   9 job options JSON, without id and delay
      10 template options JSON, '{}' for none   then all other fields of the record, each with its value
Reply [when the next run is due (ms), how many runs were made, this one included]; or in place of the first -10 if
      there is a job at that time already, -11 if at too many times
Events added, waiting, delayed
]]
--- use steady_pace

local id, now, due = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local every, offset, start = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local name, data, options, template = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local record_key = base .. 'repeat:' .. id
local JOB_THERE, SLOTS_BUSY = -10, -11

max_events()
local last = tonumber(call('ZSCORE', base .. 'repeat', id) or nil)
local before = call('HMGET', record_key, 'every', 'offset', 'ic')
local keeps_pace = last and every and tonumber(before[1] or nil) == every

local function waits(run)
  return call('ZSCORE', base .. 'delayed', run) or call('ZSCORE', base .. 'prioritized', run)
    or call('LPOS', base .. 'wait', run) or call('LPOS', base .. 'paused', run)
end

local replaced = last and run_exists(id, last) and waits(run_id(id, last))
local known_offset = before[2]
if every and replaced and keeps_pace then
  due = last
elseif every then
  due = next_at_pace(keeps_pace and last or nil, every, offset or 0, start, now)
  known_offset = offset_of(due, every, offset or 0)
elseif not replaced then
  known_offset = 0
end
if not (replaced and due == last) and run_exists(id, due) then
  due = every and free_slot(id, due, every)
  if not due then
    return { every and SLOTS_BUSY or JOB_THERE, 0 }
  end
end

if replaced then
  remove_run(run_id(id, last))
end
call('ZADD', base .. 'repeat', due, id)
call('DEL', record_key)
call('HSET', record_key, 'name', name, 'ic', before[3] or 1, unpack(ARGV, 11))
if offset or known_offset then
  call('HSET', record_key, 'offset', offset or known_offset)
end
if template ~= '{}' then
  call('HSET', record_key, 'opts', template)
end
if data ~= '{}' then
  call('HSET', record_key, 'data', data)
end
add_run(id, due, name, data, options, now)
return { due, tonumber(before[3] or 1) }
