--- use queue
-- What a worker needs to know of a job that it runs, in the order in which intake.py reads it; nil for an id
-- whose job is gone. Only a job that was started before, or tried, has the last three.
local function read_job(id)
  local job = call('HMGET', base .. id, 'name', 'data', 'opts', 'timestamp', 'defa', 'ats', 'atm')
  if not job[1] and not job[3] and call('EXISTS', base .. id) == 0 then
    return nil
  end
  job[8] = id
  if job[6] or job[7] then
    local earlier = call('HMGET', base .. id, 'stc', 'stacktrace', 'unknownSince')
    job[9], job[10], job[11] = unpack(earlier)
  end
  job[6] = tonumber(job[6]) or 0
  return job
end
