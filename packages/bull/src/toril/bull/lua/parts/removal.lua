--- use queue
--- use parents
-- Removing finished jobs, at once or by a queue's retention (bullmq-protocol §4.3). No event tells of it, and
-- deduplication keys stay.
local function remove_keys(job_key)
  return call('DEL', job_key, job_key .. ':logs', job_key .. ':dependencies', job_key .. ':processed',
    job_key .. ':failed', job_key .. ':unsuccessful')
end

local function evict(ids)
  for _, id in ipairs(ids) do
    local parent_key = call('HGET', base .. id, 'parentKey')
    if parent_key and parent_key ~= '' and call('EXISTS', parent_key) == 1 then
      child_removed(parent_key, base .. id)
    end
    remove_keys(base .. id)
  end
end

-- `limit` bounds how many one call removes for their age.
local function evict_older(finished_key, age, limit, now)
  local oldest = now - age * 1000
  local ids = call('ZREVRANGEBYSCORE', finished_key, oldest, '-inf', 'LIMIT', 0, limit)
  evict(ids)
  if #ids > 0 then
    call('ZREM', finished_key, unpack(ids))
  end
end

local function evict_beyond(finished_key, count)
  local ids = call('ZREVRANGE', finished_key, count, -1)
  if #ids > 0 then
    evict(ids)
    call('ZREMRANGEBYRANK', finished_key, 0, -(count + 1))
  end
end
