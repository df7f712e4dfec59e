--- use queue
-- What a worker needs to know of a job that it runs, in the order in which intake.py reads it; nil for an id
-- whose job is gone. Only a job that was started before, or tried, or is made by a schedule has the last four.
local function read_job(id)
  local job_key = base .. id
  local job = call('HMGET', job_key, 'name', 'data', 'opts', 'timestamp', 'defa', 'ats', 'atm')
  if not job[1] and not job[3] and call('EXISTS', job_key) == 0 then
    return nil
  end
  if job[6] or job[7] or string.sub(id, 1, 7) == 'repeat:' then
    local rest = call('HMGET', job_key, 'stc', 'stacktrace', 'unknownSince', 'rjk')
    job[8], job[9], job[10], job[11] = unpack(rest)
  end
  job[6] = tonumber(job[6]) or 0
  return job
end
