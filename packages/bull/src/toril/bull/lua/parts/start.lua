--- use events
-- Starts jobs that were read: they are locked, told of, counted, and stand in `active`.

-- One by one: Valkey 9.1 loses what MSETEX sets while it moves the slot to another server.
local function lock(ids, token, duration)
  if token == '0' then
    return
  end
  for _, id in ipairs(ids) do
    call('SET', base .. id .. ':lock', token, 'PX', duration)
  end
end

-- `jobs` as read_job answers, `terms` as for take.
local function start(ids, jobs, now, terms)
  lock(ids, terms.token, terms.lock_duration)
  local worker = terms.worker ~= '' and terms.worker
  for place, id in ipairs(ids) do
    local started = jobs[place][6] + 1
    jobs[place][6] = started
    call('XADD', events_key, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
    if worker then
      call('HSET', base .. id, 'processedOn', now, 'ats', started, 'pb', worker)
    else
      call('HSET', base .. id, 'processedOn', now, 'ats', started)
    end
  end
  call('LPUSH', base .. 'active', unpack(ids))
end
