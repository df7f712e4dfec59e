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
Reply { the jobs that were taken, one after the other; refused, limited_for, next_due, blocked }
      of a job     id, name, data, opts, timestamp, and for one that was started or tried before, has a deferred
                   failure, or is made by a schedule, [attempts started, attempts made, deferred failure, stalled
                   count, stacktrace, unknown since, key of the schedule], else nil
      refused      [position of the outcome (from 1; each completed job is one), code (bullmq-protocol §4; -100: the
                   job's record is broken, and the job failed for it; -102: it is to be cancelled, so it can only be
                   failed), …], nil if none was
      limited_for  ms until the rate limit allows the next job, 0 if it is not reached
      next_due     when the next delayed job is due (ms), 0 if nothing is delayed or jobs may still wait
      blocked      1 if the queue is paused or runs as many jobs as it may
Events completed, failed, retries-exhausted, waiting, delayed, waiting-children, active, drained; `waiting` and `delayed` of parents
Full  A server whose memory is full lets this go on: to finish jobs is what makes room. (So do BullMQ's workers.)
]]
--- flag allow-oom
--- use bury
--- use finish
--- use take

local FIRST_OUTCOME = 9
local ARGUMENTS = { failed = 7, retried = 4, postponed = 6, released = 3, limited = 4, parked = 3 }

local now, capacity, minutes_kept
local ids, completed -- the outcomes' jobs by position, and how many of them are completed
local has_children -- whether any of these jobs has children, asked only if one is completed
local refused
-- Only the end of a job can drain a queue. BullMQ looks at each end; here it is enough to look once, when nothing
-- but the refusal of others has followed. (A retry promotes delayed jobs even where it is refused.)
local last_ended, last_settled

--- each call
now, capacity, minutes_kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[8])
ids, completed, refused = {}, 0, {}
last_ended, last_settled = false, false

--- once
-- Visits the outcomes from a position on: each with its position, its kind, its token, where in ARGV its job's id
-- stands (what else is its own follows), and if it is completed with `keep`.
local function each_outcome(from, visit)
  local position, at = 0, FIRST_OUTCOME
  while ARGV[at] do
    local kind, token = ARGV[at], ARGV[at + 1]
    local first, behind, keep = at + 2, at + (ARGUMENTS[kind] or 0), nil
    local last = first
    if kind == 'completed' then
      keep, first, behind = ARGV[at + 2], at + 4, at + 4 + 2 * tonumber(ARGV[at + 3])
      last = behind - 2
    end
    for place = first, last, 2 do
      position = position + 1
      if position >= from then
        visit(position, kind, token, place, keep)
      end
    end
    at = behind
  end
end

local function note_outcome(position, kind, _, place)
  ids[position] = ARGV[place]
  if kind == 'completed' then
    completed = completed + 1
  end
end

-- What the outcomes need to know of their jobs, read at once.
local function read_ahead()
  each_outcome(1, note_outcome)
  has_children = false
  if #ids == 0 then
    return
  end
  read_locks(ids)
  if completed == 0 then
    return
  end
  local child_keys, count = {}, 0
  for _, id in ipairs(ids) do
    local job_key = base .. id
    child_keys[count + 1] = job_key .. ':dependencies'
    child_keys[count + 2] = job_key .. ':unsuccessful'
    count = count + 2
  end
  has_children = call('EXISTS', unpack(child_keys)) > 0
  -- Of fewer, each is quicker found by itself.
  if completed > 2 then
    read_active(completed)
  end
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

local function settle(kind, token, place, keep)
  local id = ARGV[place]
  if kind == 'completed' then
    return finish(kind, id, token, ARGV[place + 1], keep, '', 0, has_children, now)
  elseif kind == 'failed' then
    return finish(kind, id, token, ARGV[place + 1], ARGV[place + 2], ARGV[place + 3], tonumber(ARGV[place + 4]),
      has_children, now)
  end
  write_active()
  return ways_back()[kind](id, token, place + 1, now)
end

local function tell_if_drained()
  if call('LLEN', base .. 'wait') == 0 and call('LLEN', base .. 'active') == 0
    and call('ZCARD', base .. 'prioritized') == 0 then
    emit('drained')
  end
end

local function refuse(position, code)
  refused[#refused + 1] = position
  refused[#refused + 1] = code
end

local function settle_outcome(position, kind, token, place, keep)
  if last_ended and kind == 'retried' then
    at_hand = nil -- what fails here is no fault of this outcome's job
    write_ended()
    tell_if_drained()
    last_ended = false
  end
  at_hand = position
  local code, done = settle(kind, token, place, keep)
  last_settled = code == 0 and done ~= false
  if last_settled then
    last_ended = kind == 'completed' or kind == 'failed'
  elseif code < 0 then
    refuse(position, code)
  end
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
    local fine, fault = pcall(count_ended, target, count, minutes_kept, now)
    -- Metrics that somebody broke are no reason to stop the queue.
    if not fine and not is_fault_of_job(fault) then
      error(fault, 0)
    end
  end
end

-- An outcome that meets a record which BullMQ could not have written must not cost the batch: that job fails, and the
-- outcomes behind it are settled.
local function settle_all()
  local from = 1
  while from <= #ids do
    local fine, fault = pcall(each_outcome, from, settle_outcome)
    if fine then
      return
    end
    if not at_hand then
      error(fault, 0)
    end
    if not is_fault_of_job(fault) then
      -- The script ends here: what was settled before must not be lost with it.
      keep_lock(ids[at_hand])
      write_gathered()
      error(fault, 0)
    end
    write_active()
    bury(ids[at_hand], fault, now)
    refuse(at_hand, BROKEN)
    last_settled = false
    from = at_hand + 1
  end
end

local function answer(jobs, limit_left, due, blocked)
  local place = #jobs
  jobs[place + 1], jobs[place + 2] = refused[1] and refused or false, limit_left
  jobs[place + 3], jobs[place + 4] = due, blocked
  return jobs
end

--- each call
read_ahead()
settle_all()
write_gathered()

if capacity == 0 then
  if last_ended then
    tell_if_drained()
  end
  return answer({}, 0, 0, 0)
end
if last_ended and not last_settled then
  tell_if_drained()
end
local jobs, limit_left, due, blocked = take(capacity, now)
if last_ended and last_settled and #jobs == 0 and limit_left == 0 and due == 0 and blocked == 0 then
  tell_if_drained()
end
return answer(jobs, limit_left, due, blocked)
