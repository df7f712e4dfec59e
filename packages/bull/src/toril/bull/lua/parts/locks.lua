--- use queue
-- The locks of the jobs that a batch settles: read in one go, and dropped in one go when the batch is through.
local held, dropped_keys, dropped_ids

--- each call
held, dropped_keys, dropped_ids = {}, {}, {}

--- once
local function read_locks(ids)
  local lock_keys = {}
  for i, id in ipairs(ids) do
    lock_keys[i] = base .. id .. ':lock'
  end
  for i, token in ipairs(call('MGET', unpack(lock_keys))) do
    held[ids[i]] = token
  end
end

-- 0, or BullMQ's code: -2 the lock is gone, -6 it is another worker's. Token "0" means working without locks.
local function unlock(id, token)
  if token == '0' then
    return 0
  end
  if held[id] ~= token then
    return held[id] and -6 or -2
  end
  held[id] = false
  local place = #dropped_ids + 1
  dropped_keys[place], dropped_ids[place] = base .. id .. ':lock', id
  return 0
end

-- Of a job whose outcome the server refused on its way: it is still ours, as the outcome comes again.
local function keep_lock(id)
  local place = #dropped_ids
  if dropped_ids[place] == id then
    dropped_keys[place], dropped_ids[place] = nil, nil
  end
end

local function drop_locks()
  if #dropped_keys > 0 then
    call('DEL', unpack(dropped_keys))
    call('SREM', base .. 'stalled', unpack(dropped_ids))
  end
end
