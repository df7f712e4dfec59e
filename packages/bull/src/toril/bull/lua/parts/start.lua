--- use events
--- use read_job
-- Starts jobs that were read, from one place in their line to another one: they are locked, told of, counted, and stand
-- in `active`.
-- ARGV says how: 1 now (ms), 3 the lock token, 4 the lock duration (ms), 5 the worker's name or ''.

-- `jobs` as read_job has filled it; `are_active` says that they stand in `active` already.
local function start(ids, jobs, from, last, are_active)
  local now, token, duration, worker = ARGV[1], ARGV[3], ARGV[4], ARGV[5]
  if token ~= '0' then
    -- One by one: Valkey 9.1 loses what MSETEX sets while it moves the slot to another server.
    for place = from, last do
      call('SET', base .. ids[place] .. ':lock', token, 'PX', duration)
    end
  end
  for place = from, last do
    local id, past, started = ids[place], jobs[place * VALUES_OF_JOB], 1
    if past then
      started = past[EARLIER_STARTS] + 1
      past[EARLIER_STARTS] = started
    end
    call('XADD', events_key, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
    if worker ~= '' then
      call('HSET', base .. id, 'processedOn', now, 'ats', started, 'pb', worker)
    else
      call('HSET', base .. id, 'processedOn', now, 'ats', started)
    end
  end
  if not are_active then
    call('LPUSH', base .. 'active', unpack(ids, from, last))
  end
end
