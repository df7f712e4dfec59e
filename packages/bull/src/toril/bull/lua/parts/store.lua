--- use events
-- Writes a new job's hash. `extra` is a list of further fields and values, or nil.
local function store(id, name, data, options, now, delay, priority, extra)
  if extra then
    call('HSET', base .. id, 'name', name, 'data', data, 'opts', options, 'timestamp', now,
      'delay', delay, 'priority', priority, unpack(extra))
  else
    call('HSET', base .. id, 'name', name, 'data', data, 'opts', options, 'timestamp', now,
      'delay', delay, 'priority', priority)
  end
  call('XADD', events_key, '*', 'event', 'added', 'jobId', id, 'name', name)
end
