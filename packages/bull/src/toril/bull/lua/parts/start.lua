--- use events
-- Starts jobs that were read: they are locked, told of, counted, and stand in `active`.

-- MSETEX came with Valkey 9.1 and Redis 8.4.
local CAN_SET_MANY = (redis.VALKEY_VERSION_NUM or 0) >= 0x090100 or (redis.REDIS_VERSION_NUM or 0) >= 0x080400

local function lock(ids, token, duration)
  if token == '0' then
    return
  elseif CAN_SET_MANY and #ids > 1 then
    local locks = {}
    for place = 1, #ids do
      locks[place * 2 - 1] = base .. ids[place] .. ':lock'
      locks[place * 2] = token
    end
    locks[#locks + 1] = 'PX'
    locks[#locks + 1] = duration
    call('MSETEX', #ids, unpack(locks))
  else
    for _, id in ipairs(ids) do
      call('SET', base .. id .. ':lock', token, 'PX', duration)
    end
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
