--- use queue
--- use parents
--- use removal
--- use deduplication_of_removed
-- Removing many jobs, as drain, clean and obliterate do. No event tells of each. A parent of this queue that waits
-- for nothing else goes too; one of another queue may run, and no event tells of that either.
local sweep

local function leave_parent(parent_key, job_key)
  if call('EXISTS', parent_key) == 0 or call('SREM', parent_key .. ':dependencies', job_key) == 0
    or call('SCARD', parent_key .. ':dependencies') > 0 then
    return
  end
  local queue, id = split_key(parent_key)
  if call('ZREM', queue .. 'waiting-children', id) == 0 then
    return
  end
  if queue == base then
    sweep(id)
  else
    enqueue(queue, id, 0, 'RPUSH', is_blocked(queue))
  end
end

sweep = function(id)
  local job_key = base .. id
  local job = call('HMGET', job_key, 'parentKey', 'deid')
  if job[1] and job[1] ~= '' then
    leave_parent(job[1], job_key)
  end
  forget_deduplication(base, id, job[2])
  remove_keys(job_key)
end

-- Of up to `most` jobs of a list, past the `skip` that come first, up to `limit` that `spares` does not speak for. What
-- runs next stands last in the list. Answers with the ids of those removed, and how many it looked at.
local function sweep_list(list, skip, most, limit, spares)
  local ids = call('LRANGE', base .. list, -skip - most, -skip - 1)
  local goes = {}
  for i = #ids, 1, -1 do
    goes[i] = limit > 0 and not spares(ids[i])
    limit = goes[i] and limit - 1 or limit
  end
  local swept = {}
  for i, id in ipairs(ids) do
    if goes[i] then
      call('LSET', base .. list, i - #ids - 1 - skip, '')
      sweep(id)
      swept[#swept + 1] = id
    end
  end
  if #swept > 0 then
    call('LREM', base .. list, -#swept, '')
  end
  return swept, #ids
end

-- The same for a sorted set, whose first stands first; `ids` are those to look at.
local function sweep_set(set, ids, limit, spares)
  local swept = {}
  for _, id in ipairs(ids) do
    if #swept < limit and not spares(id) then
      sweep(id)
      swept[#swept + 1] = id
    end
  end
  if #swept > 0 then
    call('ZREM', base .. set, unpack(swept))
  end
  return swept, #ids
end
