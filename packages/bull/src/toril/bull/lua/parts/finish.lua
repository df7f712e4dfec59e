--- use cancellation
--- use events
--- use locks
--- use parents
--- use removal
--- use deduplication
-- The end of a job, completed or failed for good (bullmq-protocol §4.3). What a plain job needs is gathered over
-- the batch and written once; what a parent, a deduplication key or a retention asks for is done job by job, in
-- BullMQ's order, after writing what was gathered.
local ended = { completed = {}, failed = {} }
local ended_count = { completed = 0, failed = 0 }
local trimmed = false

local function write_ended()
  for target, scored in pairs(ended) do
    if #scored > 0 then
      call('ZADD', base .. target, unpack(scored))
      ended[target] = {}
    end
  end
end

local function set_fields(job_key, fields)
  if fields ~= '' then
    call('HSET', job_key, unpack(cjson.decode(fields)))
  end
end

-- "<count>,<age in s>,<limit>", each of them possibly empty; "" keeps all, "0" keeps none.
local function apply_retention(target, keep, now)
  local count, age, limit = string.match(keep, '^(%d*),?([%d.]*),?(%d*)$')
  write_ended()
  if age ~= '' then
    evict_older(base .. target, tonumber(age), tonumber(limit) or 1000, now)
  end
  if tonumber(count) then
    evict_beyond(base .. target, tonumber(count))
  end
end

local function settle_parent(parent_key, noted_parent, job_key, target, value, now)
  write_ended()
  -- A note that is no JSON must not stop the batch: the key alone tells the parent then.
  local readable, parent = pcall(cjson.decode, noted_parent or '')
  local is_note = readable and type(parent) == 'table' and type(parent.queueKey) == 'string'
  parent = is_note and type(parent.id) == 'string' and parent
  if target == 'failed' then
    if parent then
      child_failed(parent, job_key, value, now)
    end
  elseif parent then
    child_completed(parent_key, parent.queueKey .. ':', parent.id, job_key, value, now)
  else
    local queue, id = split_key(parent_key)
    child_completed(parent_key, queue, id, job_key, value, now)
  end
end

-- `outcome`: id, token, target (completed | failed), value, keep, fields, attempts.
local function finish(outcome, has_children, now)
  local id, target, value = outcome.id, outcome.target, outcome.value
  local job_key = base .. id
  local job = call('HMGET', job_key, 'timestamp', 'atm', 'parentKey', 'parent', 'deid', 'defa')
  if not job[1] and call('EXISTS', job_key) == 0 then
    return -1
  end
  if has_children and target == 'completed' then
    if call('SCARD', job_key .. ':dependencies') > 0 then
      return -4
    end
    if call('ZCARD', job_key .. ':unsuccessful') > 0 then
      return -9
    end
  end
  if target == 'completed' and job[6] == CANCELLED_REASON then
    return CANCELLED
  end
  local refused = unlock(id, outcome.token)
  if refused < 0 then
    return refused
  end
  set_fields(job_key, outcome.fields)
  if call('LREM', base .. 'active', -1, id) == 0 then
    return -3
  end
  if not trimmed then
    trimmed = true
    trim_events()
  end

  if job[5] then
    release_key(job[5], id)
    add_kept_duplicate(job[5], now)
  end
  local parent_key = job[3] and job[3] ~= '' and job[3]
  if parent_key then
    settle_parent(parent_key, job[4], job_key, target, value, now)
  end

  local value_field = target == 'completed' and 'returnvalue' or 'failedReason'
  local attempts_made = (tonumber(job[2]) or 0) + 1
  if outcome.keep == '0' then
    remove_keys(job_key)
    if parent_key then
      child_removed(parent_key, job_key)
    end
  else
    call('HSET', job_key, 'atm', attempts_made, value_field, value, 'finishedOn', now)
    if target == 'failed' then
      call('HDEL', job_key, 'defa')
    end
    local scored = ended[target]
    scored[#scored + 1] = now
    scored[#scored + 1] = id
    if outcome.keep ~= '' then
      apply_retention(target, outcome.keep, now)
    end
  end
  ended_count[target] = ended_count[target] + 1
  emit(target, 'jobId', id, value_field, value, 'prev', 'active')
  if target == 'failed' and attempts_made >= outcome.attempts then
    emit('retries-exhausted', 'jobId', id, 'attemptsMade', attempts_made)
  end
  return 0
end
