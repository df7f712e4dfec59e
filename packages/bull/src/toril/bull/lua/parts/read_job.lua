--- use queue
-- Reads what a worker needs to know of a job that it runs into `jobs`, behind the `count` that stand there, in the order
-- in which intake.py reads it: id, name, data, options, timestamp, and the past of one that was started before, tried or
-- doomed, or that a schedule has made. (One list for all of them costs the server less to answer with than one for each.)
-- The answer: how long its data is, with the stack traces of earlier attempts; nil for an id whose job is gone.
-- `scheduled` says whether a schedule's are among them.
local VALUES_OF_JOB = 6
local EARLIER_STARTS, DEFERRED_FAILURE = 1, 3

local function read_job(id, jobs, count, scheduled)
  local job_key = base .. id
  local job = call('HMGET', job_key, 'name', 'data', 'opts', 'timestamp', 'ats', 'atm', 'defa')
  if not job[1] and not job[3] and call('EXISTS', job_key) == 0 then
    return nil
  end
  local past, size = false, job[2] and #job[2] or 0
  if job[5] or job[6] or job[7] or scheduled and string.sub(id, 1, 7) == 'repeat:' then
    local rest = call('HMGET', job_key, 'stc', 'stacktrace', 'unknownSince', 'rjk')
    past = { tonumber(job[5]) or 0, job[6], job[7], unpack(rest) }
    size = size + (rest[2] and #rest[2] or 0)
  end
  local place = count * VALUES_OF_JOB
  jobs[place + 1], jobs[place + 2], jobs[place + 3] = id, job[1], job[2]
  jobs[place + 4], jobs[place + 5], jobs[place + 6] = job[3], job[4], past
  return size
end
