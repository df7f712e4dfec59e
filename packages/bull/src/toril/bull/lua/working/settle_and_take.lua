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

local capacity, minutes_kept
local child_keys = {} -- a list as in parts/locks.lua
local completed -- how many of the outcomes' jobs are completed
local refused -- nil if none was
local next_run, next_place, in_between -- where in ARGV settling is, and whether it is at hand between two outcomes
-- Only the end of a job can drain a queue. BullMQ looks at each end; here it is enough to look once, when nothing
-- but the refusal of others has followed. (A retry promotes delayed jobs even where it is refused.)
local last_ended, last_settled

--- each call
capacity = tonumber(ARGV[2])
minutes_kept = ARGV[8] ~= '' and tonumber(ARGV[8])
ended_count = minutes_kept and {}
completed, refused = 0, nil
last_ended, last_settled = false, false

--- once
-- Outcomes are visited in runs: completed jobs that have all but id and result in common, or one other outcome. Of the
-- run that begins at a place in ARGV: where the ids of its first and its last job stand, each followed by what else is
-- its own, and where the next run begins.
local function extent(at)
  local kind = ARGV[at]
  if kind == 'completed' then
    local behind = at + 4 + 2 * ARGV[at + 3]
    return at + 4, behind - 2, behind
  end
  return at + 2, at + 2, at + ARGUMENTS[kind]
end

local function note_outcomes()
  local at = FIRST_OUTCOME
  while ARGV[at] do
    local before, first, last, behind = id_count, extent(at)
    for place = first, last, 2 do
      id_count = id_count + 1
      ids[id_count] = ARGV[place]
    end
    if ARGV[at] == 'completed' then
      completed = completed + id_count - before
    end
    at = behind
  end
end

-- What the outcomes need to know of their jobs, read at once.
local function read_ahead()
  note_outcomes()
  has_children = false
  if id_count == 0 then
    return
  end
  read_locks()
  if completed == 0 then
    return
  end
  for position = 1, id_count do
    local id, place = ids[position], 2 * position
    child_keys[place - 1] = base .. id .. ':dependencies'
    child_keys[place] = base .. id .. ':unsuccessful'
  end
  has_children = call('EXISTS', unpack(child_keys, 1, 2 * id_count)) > 0
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

local function tell_if_drained()
  if call('LLEN', base .. 'wait') == 0 and call('LLEN', base .. 'active') == 0
    and call('ZCARD', base .. 'prioritized') == 0 then
    emit('drained')
  end
end

local function refuse(position, code)
  last_settled = false
  refused = refused or {}
  refused[#refused + 1] = position
  refused[#refused + 1] = code
end

local function settle_completed(token, keep, from, last)
  for place = from, last, 2 do
    at_hand, next_place = at_hand + 1, place + 2
    local code = finish('completed', ARGV[place], token, ARGV[place + 1], keep)
    if code == 0 then
      last_ended, last_settled = true, true
    else
      refuse(at_hand, code)
    end
  end
end

local function settle_other(kind, token, place)
  local id, code, done = ARGV[place], nil, nil
  if kind == 'failed' then
    code = finish(kind, id, token, ARGV[place + 1], ARGV[place + 2], ARGV[place + 3], tonumber(ARGV[place + 4]))
  else
    if last_ended and kind == 'retried' then
      in_between = true -- what fails here is no fault of this outcome's job
      write_ended()
      tell_if_drained()
      last_ended, in_between = false, false
    end
    write_active()
    code, done = ways_back()[kind](id, token, place + 1, now)
  end
  last_settled = code == 0 and done ~= false
  if last_settled then
    last_ended = kind == 'failed'
  elseif code < 0 then
    refuse(at_hand, code)
  end
end

-- Goes on where the last call was ended by a fault.
local function settle_rest()
  while ARGV[next_run] do
    local at = next_run
    local first, last, behind = extent(at)
    if ARGV[at] == 'completed' then
      settle_completed(ARGV[at + 1], ARGV[at + 2], math.max(first, next_place), last)
    elseif first >= next_place then
      at_hand, next_place = at_hand + 1, behind
      settle_other(ARGV[at], ARGV[at + 1], first)
    end
    next_run = behind
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
  at_hand, next_run, next_place, in_between = 0, FIRST_OUTCOME, 0, false
  local fine, fault = pcall(settle_rest)
  while not fine do
    if in_between then
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
    fine, fault = pcall(settle_rest)
  end
end

local function answer(count, limit_left, due, blocked)
  local place = count * VALUES_OF_JOB
  taken_jobs[place + 1], taken_jobs[place + 2] = refused or false, limit_left
  taken_jobs[place + 3], taken_jobs[place + 4], taken_jobs[place + 5] = due, blocked, nil
  return taken_jobs
end

--- each call
read_ahead()
settle_all()
write_gathered()

if capacity == 0 then
  if last_ended then
    tell_if_drained()
  end
  return answer(0, 0, 0, 0)
end
if last_ended and not last_settled then
  tell_if_drained()
end
local count, limit_left, due, blocked = take(capacity, now)
if last_ended and last_settled and count == 0 and limit_left == 0 and due == 0 and blocked == 0 then
  tell_if_drained()
end
return answer(count, limit_left, due, blocked)
