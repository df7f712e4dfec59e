--[[
Settles finished jobs and takes the next ones, as one step. Each outcome stands for itself: one that is refused
changes nothing for the others.

KEYS  1 the queue's meta key
ARGV  1 now (ms)   2 how many jobs to take, 0 for none   3 the lock token for these   4 lock duration (ms)
      5 worker name, or ''   6 rate limit: jobs, or ''   7 rate limit: duration (ms), or ''
      8 how many minutes of metrics are kept, or ''
      9… the outcomes, one after the other; a `keep` is described in parts/finish.lua, `fields` is a JSON
      array of hash fields and values, or '':
        'completed', token, keep, how many jobs, then of each its id and result JSON
        'failed', token, id, reason, keep, fields, attempts allowed
        'retried', token, id, fields
        'postponed', token, id, fields, delay (ms), '1' if the attempt is not to count
        'released', token, id
        'limited', token, id, for how long the queue's rate is limited (ms)
        'parked', token, id
Reply { refused, ids, jobs, limited_for, next_due, blocked }
      refused      [position of the outcome (from 1; each completed job is one), code (bullmq-protocol §4; -100: the
                   job's record is broken, and the job failed for it; -102: it is to be cancelled, so it can only be
                   failed), …]
      ids, jobs    those that were taken; per job [name, data, opts, timestamp, deferred failure, attempts started,
                   attempts made], and for one that was started or tried before, or is made by a schedule, also stalled
                   count, stacktrace, unknown since, key of the schedule
      limited_for  ms until the rate limit allows the next job, 0 if it is not reached
      next_due     when the next delayed job is due (ms), 0 if nothing is delayed or jobs may still wait
      blocked      1 if the queue is paused or runs as many jobs as it may
Events completed, failed, retries-exhausted, waiting, delayed, waiting-children, active, drained; `waiting` and `delayed` of parents
]]
--- use bury
--- use finish
--- use take

local now, capacity, minutes_kept
local FIRST_OUTCOME = 9
local ARGUMENTS = { failed = 7, retried = 4, postponed = 6, released = 3, limited = 4, parked = 3 }

-- The outcomes by their position. `places` says where in ARGV a job's id stands; what else is its own follows.
local kinds, tokens, ids, places, keeps

--- each call
now, capacity, minutes_kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[8])
kinds, tokens, ids, places, keeps = {}, {}, {}, {}, {}

--- once
local function read_outcomes()
  local position, at = 0, FIRST_OUTCOME
  while ARGV[at] do
    local kind, token = ARGV[at], ARGV[at + 1]
    local keep, count = false, 1
    local behind = at + (ARGUMENTS[kind] or 0)
    if kind == 'completed' then
      keep, count = ARGV[at + 2], tonumber(ARGV[at + 3])
      behind = at + 4 + 2 * count
      at = at + 2
    end
    for place = at + 2, at + 2 * count, 2 do
      position = position + 1
      kinds[position], tokens[position], ids[position], places[position], keeps[position] = kind, token, ARGV[place],
        place, keep
    end
    at = behind
  end
end

-- What the outcomes need to know of their jobs, read at once. The answer: whether one that is completed has children.
local function read_ahead()
  if #ids == 0 then
    return false
  end
  read_locks(ids)
  local child_keys, count = {}, 0
  for position = 1, #ids do
    if keeps[position] then
      local job_key = base .. ids[position]
      child_keys[count + 1] = job_key .. ':dependencies'
      child_keys[count + 2] = job_key .. ':unsuccessful'
      count = count + 2
    end
  end
  if count == 0 then
    return false
  end
  -- Of fewer, each is quicker found by itself.
  if count > 4 then
    read_active(count / 2)
  end
  return call('EXISTS', unpack(child_keys)) > 0
end

-- As for consequences in parts/finish.lua.
local ways_back_made

local function ways_back()
  if not ways_back_made then
    --- use put_back
    ways_back_made = put_back
  end
  return ways_back_made
end

local function settle(position, has_children)
  local kind, token, id, place = kinds[position], tokens[position], ids[position], places[position]
  if kind == 'completed' then
    return finish(kind, id, token, ARGV[place + 1], keeps[position], '', 0, has_children, now)
  elseif kind == 'failed' then
    return finish(kind, id, token, ARGV[place + 1], ARGV[place + 2], ARGV[place + 3], tonumber(ARGV[place + 4]),
      has_children, now)
  end
  write_active()
  return ways_back()[kind](id, token, place + 1, now)
end

-- What the batch has gathered, written.
local function write_gathered()
  write_ended()
  drop_locks()
  if not minutes_kept then
    return
  end
  --- use metrics
  for target, count in pairs(ended_count) do
    if count > 0 then
      local fine, fault = pcall(count_ended, target, count, minutes_kept, now)
      -- Metrics that somebody broke are no reason to stop the queue.
      if not fine and not is_fault_of_job(fault) then
        error(fault, 0)
      end
    end
  end
end

-- An outcome that meets a record which BullMQ could not have written must not cost the batch: that job fails.
local function settle_or_bury(position, has_children)
  local fine, code, done = pcall(settle, position, has_children)
  if fine then
    return code, done
  end
  if not is_fault_of_job(code) then
    -- The script ends here: what was settled before must not be lost with it.
    keep_lock(ids[position])
    write_gathered()
  end
  write_active()
  bury(ids[position], code, now)
  return BROKEN, false
end

local function tell_if_drained()
  if call('LLEN', base .. 'wait') == 0 and call('LLEN', base .. 'active') == 0
    and call('ZCARD', base .. 'prioritized') == 0 then
    emit('drained')
  end
end

--- each call
read_outcomes()
local has_children = read_ahead()
local refused = {}
-- Only the end of a job can drain a queue. BullMQ looks at each end; here it is enough to look once, when nothing
-- but the refusal of others has followed. (A retry promotes delayed jobs even where it is refused.)
local last_ended, last_settled = false, false
for position, kind in ipairs(kinds) do
  if last_ended and kind == 'retried' then
    write_ended()
    tell_if_drained()
    last_ended = false
  end
  local code, done = settle_or_bury(position, has_children)
  last_settled = code == 0 and done ~= false
  if last_settled then
    last_ended = kind == 'completed' or kind == 'failed'
  elseif code < 0 then
    refused[#refused + 1] = position
    refused[#refused + 1] = code
  end
end
write_gathered()

if capacity == 0 then
  if last_ended then
    tell_if_drained()
  end
  return { refused, {}, {}, 0, 0, 0 }
end
if last_ended and not last_settled then
  tell_if_drained()
end
local taken, jobs, limit_left, due, blocked = take(capacity, now, {
  token = ARGV[3],
  lock_duration = ARGV[4],
  worker = ARGV[5],
  limit_max = tonumber(ARGV[6]),
  limit_duration = tonumber(ARGV[7]),
})
if last_ended and last_settled and #taken == 0 and limit_left == 0 and due == 0 and blocked == 0 then
  tell_if_drained()
end
return { refused, taken, jobs, limit_left, due, blocked }
