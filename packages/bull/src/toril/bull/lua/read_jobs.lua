--[[
A page of the jobs in one state.

KEYS  1 the queue's meta key
ARGV  1 state   2 first position (from 0)   3 how many   4 '1' for the newest first, else ''
Reply per job its id and the list of its fields and values; the list is empty for an id whose job is gone
Events none
]]
--- use queue

local state, first, count, newest_first = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local last = first + count - 1

-- In a list the newest job stands first, in a sorted set last.
local function ids_in_list(key)
  if newest_first then
    return call('LRANGE', key, first, last)
  end
  local ids, page = call('LRANGE', key, -last - 1, -first - 1), {}
  for i = #ids, 1, -1 do
    page[#page + 1] = ids[i]
  end
  return page
end

local ids
if state == 'waiting' or state == 'active' then
  ids = ids_in_list(base .. (state == 'waiting' and 'wait' or 'active'))
else
  ids = call(newest_first and 'ZREVRANGE' or 'ZRANGE', base .. state, first, last)
end
local jobs = {}
for i, id in ipairs(ids) do
  jobs[i] = { id, call('HGETALL', base .. id) }
end
return jobs
