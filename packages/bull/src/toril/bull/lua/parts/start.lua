--- use events
--- use read_job
-- Starts jobs that were read, from a place in their line on: they are locked, told of, counted, and stand in `active`.
-- ARGV says how: 1 now (ms), 3 the lock token, 4 the lock duration (ms), 5 the worker's name or ''.

-- One by one: Valkey 9.1 loses what MSETEX sets while it moves the slot to another server.
local function lock(id)
  if ARGV[3] ~= '0' then
    call('SET', base .. id .. ':lock', ARGV[3], 'PX', ARGV[4])
  end
end

-- `jobs` as read_job has filled it.
local function start(ids, jobs, from)
  for place = from, #ids do
    lock(ids[place])
  end
  for place = from, #ids do
    local id, past, started = ids[place], jobs[place * VALUES_OF_JOB], 1
    if past then
      started = past[EARLIER_STARTS] + 1
      past[EARLIER_STARTS] = started
    end
    call('XADD', events_key, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
    if ARGV[5] ~= '' then
      call('HSET', base .. id, 'processedOn', ARGV[1], 'ats', started, 'pb', ARGV[5])
    else
      call('HSET', base .. id, 'processedOn', ARGV[1], 'ats', started)
    end
  end
  call('LPUSH', base .. 'active', unpack(ids, from))
end
