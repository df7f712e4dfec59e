#!lua name=bench_calls_alone
-- The Redis calls that BullMQ's protocol asks for a plain job, as few as they can be for a batch, and no logic.

local function add(_, argv)
  local call, base, now, name, data = redis.call, argv[1], argv[2], argv[3], argv[4]
  local count = tonumber(argv[5])
  local last, ids = call('INCRBY', base .. 'id', count), {}
  for number = last - count + 1, last do
    local id = string.format('%d', number)
    ids[#ids + 1] = id
    call('HSET', base .. id, 'name', name, 'data', data, 'opts', '{}', 'timestamp', now,
      'delay', 0, 'priority', 0)
    call('XADD', base .. 'events', '*', 'event', 'added', 'jobId', id, 'name', name)
    call('XADD', base .. 'events', '*', 'event', 'waiting', 'jobId', id)
  end
  call('LPUSH', base .. 'wait', unpack(ids))
  call('ZADD', base .. 'marker', 0, '0')
  call('XTRIM', base .. 'events', 'MAXLEN', '~', 10000)
  return ids
end

local function settle(call, base, now, ids)
  local scored, locks = {}, {}
  for place, id in ipairs(ids) do
    locks[place], scored[2 * place - 1], scored[2 * place] = base .. id .. ':lock', now, id
  end
  call('MGET', unpack(locks))
  for _, id in ipairs(ids) do
    call('HMGET', base .. id, 'name', 'atm', 'parentKey', 'deid', 'defa')
    call('HSET', base .. id, 'atm', 1, 'returnvalue', '12345', 'finishedOn', now)
    call('XADD', base .. 'events', '*', 'event', 'completed', 'jobId', id, 'returnvalue', '12345', 'prev', 'active')
  end
  call('XTRIM', base .. 'events', 'MAXLEN', '~', 10000)
  call('LTRIM', base .. 'active', 0, -#ids - 1)
  call('ZADD', base .. 'completed', unpack(scored))
  call('DEL', unpack(locks))
  call('SREM', base .. 'stalled', unpack(ids))
end

local function settle_and_take(_, argv)
  local call, base, now, token = redis.call, argv[1], argv[2], argv[3]
  if argv[5] then
    settle(call, base, now, { unpack(argv, 5) })
  end
  local ids, jobs = call('RPOP', base .. 'wait', argv[4]) or {}, {}
  for place, id in ipairs(ids) do
    local job = call('HMGET', base .. id, 'name', 'data', 'opts', 'timestamp', 'ats', 'atm', 'defa')
    local at = 5 * place
    jobs[at - 4], jobs[at - 3], jobs[at - 2], jobs[at - 1], jobs[at] = id, job[1], job[2], job[3], job[4]
    call('SET', base .. id .. ':lock', token, 'PX', 30000)
    call('XADD', base .. 'events', '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
    call('HSET', base .. id, 'processedOn', now, 'ats', 1)
  end
  if ids[1] then
    call('LPUSH', base .. 'active', unpack(ids))
  end
  return jobs
end

redis.register_function('bench_add', add)
redis.register_function('bench_settle_and_take', settle_and_take)
