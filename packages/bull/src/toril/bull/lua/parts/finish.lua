--- use cancellation
--- use events
--- use active
--- use locks
-- The end of a job, completed or failed for good (bullmq-protocol §4.3). What a plain job needs is gathered over
-- the batch and written once; what a parent, a deduplication key or a retention asks for is done job by job, in
-- BullMQ's order, after writing what was gathered.
-- `ended`, which are lists as in parts/locks.lua, and `ended_count` where somebody wants it, are by where the jobs go,
-- 'completed' or 'failed'. `has_children` says whether any job of the batch may have children.
local ended, ended_length = { completed = {}, failed = {} }, {}
local now, ended_count, trimmed, has_children

--- each call
ended_length.completed, ended_length.failed = 0, 0
now, ended_count, trimmed, has_children = tonumber(ARGV[1]), nil, false, true

--- once
local function write_ended()
  write_active()
  for target, length in pairs(ended_length) do
    if length > 0 then
      call('ZADD', base .. target, unpack(ended[target], 1, length))
      ended_length[target] = 0
    end
  end
end

local function set_fields(job_key, fields)
  if fields ~= '' then
    call('HSET', job_key, unpack(cjson.decode(fields)))
  end
end

-- Few jobs need these: a script, whose functions are made anew for each call, makes them when the first such job comes.
local consequences_made

local function consequences_of_end()
  if not consequences_made then
    --- use consequences
    consequences_made = consequences
  end
  return consequences_made
end

-- `target` is 'completed' or 'failed'; `keep` as for apply_retention. Of a job that has failed also `fields` as for
-- set_fields, and how many attempts it was allowed.
local function finish(target, id, token, value, keep, fields, attempts)
  local job_key = base .. id
  local job = call('HMGET', job_key, 'name', 'atm', 'parentKey', 'deid', 'defa')
  if not job[1] and call('EXISTS', job_key) == 0 then
    return -1
  end
  if target == 'completed' then
    if has_children then
      if call('SCARD', job_key .. ':dependencies') > 0 then
        return -4
      end
      if call('ZCARD', job_key .. ':unsuccessful') > 0 then
        return -9
      end
    end
    if job[5] == CANCELLED_REASON then
      return CANCELLED
    end
  end
  local refused = unlock(id, token)
  if refused < 0 then
    return refused
  end
  if fields then
    set_fields(job_key, fields)
  end
  if not take_off_active(id) then
    return -3
  end
  if not trimmed then
    trimmed = true
    trim_events()
  end

  if job[4] and consequences_of_end().end_deduplication(job[4], id) then
    write_ended()
    consequences_of_end().add_kept_duplicate(job[4], now)
  end
  local parent_key = job[3] and job[3] ~= '' and job[3]
  if parent_key then
    write_ended()
    consequences_of_end().settle_parent(parent_key, job_key, target, value, now)
  end

  local value_field = target == 'completed' and 'returnvalue' or 'failedReason'
  local attempts_made = job[2] and (tonumber(job[2]) or 0) + 1 or 1
  if keep == '0' then
    consequences_of_end().remove(job_key, parent_key)
  else
    call('HSET', job_key, 'atm', attempts_made, value_field, value, 'finishedOn', ARGV[1])
    if target == 'failed' then
      call('HDEL', job_key, 'defa')
    end
    -- The time is ARGV[1] as it stands: a number's digits would be made anew for each job.
    local scored, length = ended[target], ended_length[target]
    scored[length + 1], scored[length + 2] = ARGV[1], id
    ended_length[target] = length + 2
    if keep ~= '' then
      write_ended()
      consequences_of_end().apply_retention(target, keep, now)
    end
  end
  if ended_count then
    ended_count[target] = (ended_count[target] or 0) + 1
  end
  call('XADD', events_key, '*', 'event', target, 'jobId', id, value_field, value, 'prev', 'active')
  if target == 'failed' and attempts_made >= attempts then
    emit('retries-exhausted', 'jobId', id, 'attemptsMade', attempts_made)
  end
  return 0
end
