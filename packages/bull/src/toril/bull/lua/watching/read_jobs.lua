--[[
A page of the jobs in one state.

KEYS  1 the queue's meta key
ARGV  1 state   2 first position (from 0)   3 how many   4 '1' for the newest first, else ''
Reply per job its id and the list of its fields and values; the list is empty for an id whose job is gone
Events none
]]
--- use queue

local state, first, count, newest_first = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'

-- "paused" is where a BullMQ before v6 puts the jobs of a paused queue: they run after those that wait.
local LISTS = {
  waiting = newest_first and { 'paused', 'wait' } or { 'wait', 'paused' },
  active = { 'active' },
}

-- In a list the newest job stands first, in a sorted set last.
local function slice(key, from, most)
  if newest_first then
    return call('LRANGE', key, from, from + most - 1)
  end
  local ids, reversed = call('LRANGE', key, -from - most, -from - 1), {}
  for i = #ids, 1, -1 do
    reversed[#reversed + 1] = ids[i]
  end
  return reversed
end

local function ids_in_lists(lists)
  local page, from = {}, first
  for _, list in ipairs(lists) do
    local most = count - #page
    if most > 0 then
      for _, id in ipairs(slice(base .. list, from, most)) do
        page[#page + 1] = id
      end
      from = math.max(from - call('LLEN', base .. list), 0)
    end
  end
  return page
end

local ids
if LISTS[state] then
  ids = ids_in_lists(LISTS[state])
else
  ids = call(newest_first and 'ZREVRANGE' or 'ZRANGE', base .. state, first, first + count - 1)
end
local jobs = {}
for i, id in ipairs(ids) do
  jobs[i] = { id, call('HGETALL', base .. id) }
end
return jobs
