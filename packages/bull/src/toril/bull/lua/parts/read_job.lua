--- use queue
-- What a worker needs to know of a job that it runs, in the order in which intake.py reads it; nil for an id
-- whose job is gone.
local function read_job(id)
  local job = call('HMGET', base .. id, 'name', 'data', 'opts', 'timestamp', 'atm', 'ats', 'stc', 'defa',
    'stacktrace', 'parentKey', 'unknownSince', 'rjk')
  if not job[1] and not job[3] and call('EXISTS', base .. id) == 0 then
    return nil
  end
  job[6] = tonumber(job[6]) or 0
  job[13] = id
  return job
end
