--[[
Settles finished jobs and takes the next ones, as one step. Each outcome stands for itself: one that is refused
changes nothing for the others.

KEYS  1 the queue's meta key
ARGV  1 now (ms)   2 how many jobs to take, 0 for none   3 the lock token for these   4 lock duration (ms)
      5 worker name, or ''   6 rate limit: jobs, or ''   7 rate limit: duration (ms), or ''
      8 how many minutes of metrics are kept, or ''
      9… the outcomes, one after the other; a `keep` is described in parts/finish.lua, `fields` is a JSON
      array of hash fields and values, or '':
        'completed', id, token, result JSON, keep
        'failed', id, token, reason, keep, fields, attempts allowed
        'retried', id, token, fields
        'postponed', id, token, fields, delay (ms), '1' if the attempt is not to count
        'released', id, token
        'limited', id, token, for how long the queue's rate is limited (ms)
        'parked', id, token
Reply { refused, jobs, limited_for, next_due, blocked }
      refused      [position of the outcome (from 1), code (bullmq-protocol §4; -100: the job's record is broken, and
                   the job failed for it; -102: it is to be cancelled, so it can only be failed), …]
      jobs         per job [name, data, opts, timestamp, deferred failure, attempts started, attempts made, id],
                   and for one that was started or tried before, or is made by a schedule, also stalled count,
                   stacktrace, unknown since, key of the schedule
      limited_for  ms until the rate limit allows the next job, 0 if it is not reached
      next_due     when the next delayed job is due (ms), 0 if nothing is delayed or jobs may still wait
      blocked      1 if the queue is paused or runs as many jobs as it may
Events completed, failed, retries-exhausted, waiting, delayed, waiting-children, active, drained; `waiting` and `delayed` of parents
]]
--- use bury
--- use finish
--- use metrics
--- use put_back
--- use take

local now, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local minutes_kept = tonumber(ARGV[8])
local FIRST_OUTCOME = 9
local ARGUMENTS = { completed = 5, failed = 7, retried = 4, postponed = 6, released = 3, limited = 4, parked = 3 }

local function read_ahead()
  local ids, child_keys = {}, {}
  local at = FIRST_OUTCOME
  while ARGV[at] do
    local id = ARGV[at + 1]
    ids[#ids + 1] = id
    if ARGV[at] == 'completed' then
      child_keys[#child_keys + 1] = base .. id .. ':dependencies'
      child_keys[#child_keys + 1] = base .. id .. ':unsuccessful'
    end
    at = at + ARGUMENTS[ARGV[at]]
  end
  if #ids > 0 then
    read_locks(ids)
  end
  return #child_keys > 0 and call('EXISTS', unpack(child_keys)) > 0
end

local function settle(at, has_children)
  local kind, id, token = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if kind == 'completed' then
    return finish({ id = id, token = token, target = kind, value = ARGV[at + 3], keep = ARGV[at + 4], fields = '' },
      has_children, now)
  elseif kind == 'failed' then
    return finish({ id = id, token = token, target = kind, value = ARGV[at + 3], keep = ARGV[at + 4],
      fields = ARGV[at + 5], attempts = tonumber(ARGV[at + 6]) }, has_children, now)
  elseif kind == 'retried' then
    return retry(id, token, ARGV[at + 3], now)
  elseif kind == 'postponed' then
    return postpone(id, token, ARGV[at + 3], tonumber(ARGV[at + 4]), ARGV[at + 5] == '1', now)
  elseif kind == 'limited' then
    return put_back_and_limit(id, token, ARGV[at + 3])
  elseif kind == 'parked' then
    return park(id, token, now)
  end
  return put_back(id, token)
end

-- What the batch has gathered, written.
local function write_gathered()
  write_ended()
  drop_locks()
  for target, count in pairs(ended_count) do
    if minutes_kept and count > 0 then
      local fine, fault = pcall(count_ended, target, count, minutes_kept, now)
      -- Metrics that somebody broke are no reason to stop the queue.
      if not fine and not is_fault_of_job(fault) then
        error(fault, 0)
      end
    end
  end
end

-- An outcome that meets a record which BullMQ could not have written must not cost the batch: that job fails.
local function settle_or_bury(at, has_children)
  local fine, code, done = pcall(settle, at, has_children)
  if fine then
    return code, done
  end
  if not is_fault_of_job(code) then
    -- The script ends here: what was settled before must not be lost with it.
    write_gathered()
  end
  bury(ARGV[at + 1], code, now)
  return BROKEN, false
end

local function tell_if_drained()
  if call('LLEN', base .. 'wait') == 0 and call('LLEN', base .. 'active') == 0
    and call('ZCARD', base .. 'prioritized') == 0 then
    emit('drained')
  end
end

local has_children = read_ahead()
local refused = {}
local at, position = FIRST_OUTCOME, 0
-- Only the end of a job can drain a queue. BullMQ looks at each end; here it is enough to look once, when nothing
-- but the refusal of others has followed. (A retry promotes delayed jobs even where it is refused.)
local last_ended, last_settled = false, false
while ARGV[at] do
  position = position + 1
  local kind = ARGV[at]
  if last_ended and kind == 'retried' then
    write_ended()
    tell_if_drained()
    last_ended = false
  end
  local code, done = settle_or_bury(at, has_children)
  last_settled = code == 0 and done ~= false
  if last_settled then
    last_ended = kind == 'completed' or kind == 'failed'
  elseif code < 0 then
    refused[#refused + 1] = position
    refused[#refused + 1] = code
  end
  at = at + ARGUMENTS[kind]
end
write_gathered()

if capacity == 0 then
  if last_ended then
    tell_if_drained()
  end
  return { refused, {}, 0, 0, 0 }
end
if last_ended and not last_settled then
  tell_if_drained()
end
local taken = take(capacity, now, {
  token = ARGV[3],
  lock_duration = ARGV[4],
  worker = ARGV[5],
  limit_max = tonumber(ARGV[6]),
  limit_duration = tonumber(ARGV[7]),
})
if last_ended and last_settled and #taken[1] == 0 and taken[2] == 0 and taken[3] == 0 and taken[4] == 0 then
  tell_if_drained()
end
return { refused, taken[1], taken[2], taken[3], taken[4] }
