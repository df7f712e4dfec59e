--- use queue
--- use parents
--- use removal
--- use deduplication_of_removed
--- use child_keys
-- Removing a job with its children, and theirs. The script that uses it says first:
local most = 0 -- how many jobs one call may remove
local NO_BOUND = 2147483647
local pending_only = false -- whether to spare children that have ended, and those that a worker holds

local function is_locked(job_key)
  return call('EXISTS', job_key .. ':lock') == 1
end

local function is_spared(child_key)
  local queue, id = split_key(child_key)
  return pending_only and (is_locked(child_key) or call('ZSCORE', queue .. 'failed', id) ~= false)
end

-- The keys of a job's children. Of a kind that has more than one call may remove, some.
local function children_of(job_key)
  return child_keys(job_key, most, pending_only)
end

local function has_too_many(job_key)
  local ended = not pending_only and math.max(call('HLEN', job_key .. ':processed'), call('HLEN', job_key .. ':failed'),
    call('ZCARD', job_key .. ':unsuccessful'))
  return call('SCARD', job_key .. ':dependencies') > most or (ended or 0) > most
end

-- How many jobs a tree has, counted up to `highest`; that many, if some of them are not even listed.
local function size_of(job_key, highest)
  local size = has_too_many(job_key) and highest or 1
  for _, child_key in ipairs(children_of(job_key)) do
    if size >= highest then
      break
    end
    if not is_spared(child_key) then
      size = size + size_of(child_key, highest - size)
    end
  end
  return size
end

-- The key of a job that a worker holds: this one, or with its children one that is still to end below it.
local function locked_in(job_key, with_children)
  if is_locked(job_key) then
    return job_key
  end
  for _, child_key in ipairs(with_children and call('SMEMBERS', job_key .. ':dependencies') or {}) do
    local locked = locked_in(child_key, true)
    if locked then
      return locked
    end
  end
end

local function take_from_anywhere(queue, id)
  for _, set in ipairs({ 'completed', 'waiting-children', 'delayed', 'failed', 'prioritized' }) do
    if call('ZREM', queue .. set, id) == 1 then
      return set
    end
  end
  for _, list in ipairs({ 'wait', 'paused', 'active' }) do
    if call('LREM', queue .. list, 1, id) == 1 then
      return list
    end
  end
  return 'unknown'
end

local function tell_removed(queue, id, was)
  local longest = call('HGET', queue .. 'meta', 'opts.maxLenEvents')
  if not longest then
    longest = 10000
    call('HSET', queue .. 'meta', 'opts.maxLenEvents', longest)
  end
  call('XADD', queue .. 'events', 'MAXLEN', '~', longest, '*', 'event', 'removed', 'jobId', id, 'prev', was)
end

local remove_children

-- Removes a job, with its children if asked, and answers with how many jobs are gone. `parent_key` is that of its
-- parent, if there is one.
local function remove(queue, id, parent_key, with_children)
  local job_key = queue .. id
  if parent_key then
    child_removed(parent_key, job_key)
  end
  local count = with_children and remove_children(job_key) or 0
  local was = take_from_anywhere(queue, id)
  forget_deduplication(queue, id, call('HGET', job_key, 'deid'))
  if remove_keys(job_key) > 0 then
    tell_removed(queue, id, was)
    count = count + 1
  end
  return count
end

remove_children = function(job_key)
  local count = 0
  for _, child_key in ipairs(children_of(job_key)) do
    if not is_spared(child_key) then
      local queue, id = split_key(child_key)
      count = count + remove(queue, id, job_key, true)
    end
  end
  return count
end

-- A branch of a tree that is not removed in one call.
local function remove_branch(job_key, child_key)
  local queue, id = split_key(child_key)
  local count = remove(queue, id, job_key, true)
  call('HDEL', job_key .. ':processed', child_key)
  call('HDEL', job_key .. ':failed', child_key)
  call('ZREM', job_key .. ':unsuccessful', child_key)
  return count
end

local function is_last_pending(job_key, child_key)
  local set = job_key .. ':dependencies'
  return call('SCARD', set) == 1 and call('SISMEMBER', set, child_key) == 1
end

-- Removes up to `left` jobs below one, branch by branch, where the tree is too large for one call. Unless `empties` is
-- said, what has children keeps one that it waits for: it must not run before its own turn to go comes. Answers with
-- how many jobs are gone, and the key of one that a worker holds, if that is in the way.
local function prune(job_key, left, empties)
  local count = 0
  for _, child_key in ipairs(children_of(job_key)) do
    if count >= left then
      break
    end
    if not is_spared(child_key) then
      local removed, locked
      if size_of(child_key, left - count + 1) > left - count or not empties and is_last_pending(job_key, child_key) then
        removed, locked = prune(child_key, left - count, false)
      else
        locked = not pending_only and locked_in(child_key, true)
        removed = locked and 0 or remove_branch(job_key, child_key)
      end
      count = count + removed
      if locked then
        return count, locked
      end
    end
  end
  return count
end
