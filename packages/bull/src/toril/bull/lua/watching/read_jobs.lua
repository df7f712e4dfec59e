--[[
A page of the jobs in one state, or in several, one after the other.

KEYS  1 the queue's meta key
ARGV  1 first position (from 0)   2 how many   3 '1' for the newest first, else ''   4… states
Reply per job its state, its id and the list of its fields and values; the list is empty for an id whose job is
      gone
Events none
]]
--- use slice

local from, count, newest_first = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'

-- "paused" is where a BullMQ before v6 puts the jobs of a paused queue: they run after those that wait.
local LISTS = {
  waiting = newest_first and { 'paused', 'wait' } or { 'wait', 'paused' },
  active = { 'active' },
}

local jobs = {}

local function add_page(state, ids, size)
  for _, id in ipairs(ids) do
    jobs[#jobs + 1] = { state, id, call('HGETALL', base .. id) }
  end
  from = math.max(from - size, 0)
end

-- In a list the newest job stands first, in a sorted set last.
for i = 4, #ARGV do
  local state = ARGV[i]
  for _, list in ipairs(LISTS[state] or {}) do
    local key, most = base .. list, count - #jobs
    if most > 0 then
      add_page(state, slice(key, from, most, not newest_first), call('LLEN', key))
    end
  end
  local key, most = base .. state, count - #jobs
  if not LISTS[state] and most > 0 then
    local range = newest_first and 'ZREVRANGE' or 'ZRANGE'
    add_page(state, call(range, key, from, from + most - 1), call('ZCARD', key))
  end
end
return jobs
