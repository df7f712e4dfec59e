--[[
Adds the next run of a schedule, in the name of the one that a worker has taken. It does so once, however many
workers take that run, and however often.

KEYS  1 the queue's meta key
ARGV  1 the schedule's id   2 the id of the run taken   3 now (ms)   4 the next time of a cron pattern (ms), or ''
      5 no run at a steady pace comes after this (ms), or ''   6 job options JSON, without id and delay
Reply when the next run is due (ms); 0 if there is nothing to do: it is there already, the schedule is over or has
      been removed; -10 if a cron pattern's time has a job already, -11 if too many times of a pace have
Events added, waiting, delayed
]]
--- use steady_pace

local id, now, due = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local last_allowed = tonumber(ARGV[5]) or math.huge
local record_key = base .. 'repeat:' .. id
local NOTHING, JOB_THERE, SLOTS_BUSY = 0, -10, -11

local last = tonumber(call('ZSCORE', base .. 'repeat', id) or nil)
if not last or ARGV[2] ~= run_id(id, last) then
  return NOTHING
end
max_events()
local record = call('HMGET', record_key, 'name', 'data', 'every', 'startDate', 'offset')
local given = cjson.decode(ARGV[6])['repeat'] or {}
local every = tonumber(record[3] or given.every)
if every then
  local offset = tonumber(record[5] or given.offset) or 0
  due = free_slot(id, next_at_pace(last, every, offset, nil, now), every)
  if not due then
    return SLOTS_BUSY
  elseif due > last_allowed then
    return NOTHING
  end
elseif run_exists(id, due) then
  return JOB_THERE
end

call('ZADD', base .. 'repeat', due, id)
call('HINCRBY', record_key, 'ic', 1)
add_run(id, due, record[1], record[2] or '{}', ARGV[6], now)
return due
