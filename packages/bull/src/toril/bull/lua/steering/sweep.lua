--[[
Removes jobs from one place of a queue, those first that would run first. Jobs that run, and pending runs of schedules,
are spared.

KEYS  1 the queue's meta key
ARGV  1 place: wait, paused, active, delayed, prioritized, waiting-children, completed or failed
      2 how many to look at   3 how many to skip: those that were spared before
      4 how many to remove at most   5 newest time (ms) of the jobs to remove: of their end, else of their start, else
      of their adding; '' for any   6 '1' to tell of it by an event, else ''
Reply [ids of the jobs removed, how many it looked at]
Events cleaned
]]
--- use events
--- use next_run
--- use sweep

local place, newest = ARGV[1], tonumber(ARGV[5])
local most, skip, limit = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

-- Which times count, in this order: a delayed job may have run before, and a prioritized one is looked at as it came.
local TIMES = {
  wait = { 'finishedOn', 'processedOn', 'timestamp' },
  paused = { 'finishedOn', 'processedOn', 'timestamp' },
  active = { 'finishedOn', 'processedOn', 'timestamp' },
  delayed = { 'processedOn', 'timestamp' },
  prioritized = { 'timestamp' },
}

local function is_newer(id)
  if newest then
    for _, time in ipairs(call('HMGET', base .. id, unpack(TIMES[place]))) do
      if time then
        return (tonumber(time) or 0) > newest
      end
    end
  end
  return false
end

local function is_spared(id)
  return place == 'active' and call('EXISTS', base .. id .. ':lock') == 1 or is_next_run(id) or is_newer(id)
end

local function is_never_spared()
  return false
end

local swept, looked_at
if place == 'wait' or place == 'paused' or place == 'active' then
  swept, looked_at = sweep_list(place, skip, most, limit, is_spared)
elseif TIMES[place] then
  swept, looked_at = sweep_set(place, call('ZRANGE', base .. place, skip, skip + most - 1), limit, is_spared)
else
  -- The score is the time.
  local ids = call('ZRANGEBYSCORE', base .. place, 0, newest or '+inf', 'LIMIT', 0, most)
  swept, looked_at = sweep_set(place, ids, limit, is_never_spared)
end
if ARGV[6] == '1' and (#swept > 0 or skip == 0) then
  emit('cleaned', 'count', #swept)
end
return { swept, looked_at }
