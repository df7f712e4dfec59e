--- use queue
-- The locks of the jobs that a batch settles: read in one go, and dropped in one go when the batch is through.
-- `at_hand` is which of the outcomes is being settled; `given_up` are the jobs whose lock one of them has given up.
local lock_keys, held, given_up, dropped_keys, dropped_ids, at_hand

--- each call
lock_keys = nil

--- once
local function read_locks(ids)
  lock_keys, given_up, dropped_keys, dropped_ids = {}, {}, {}, {}
  for position, id in ipairs(ids) do
    lock_keys[position] = base .. id .. ':lock'
  end
  held = call('MGET', unpack(lock_keys))
end

-- 0, or BullMQ's code: -2 the lock is gone, -6 it is another worker's. Token "0" means working without locks.
local function unlock(id, token)
  if token == '0' then
    return 0
  end
  if given_up[id] then
    return -2
  elseif held[at_hand] ~= token then
    return held[at_hand] and -6 or -2
  end
  given_up[id] = true
  local place = #dropped_ids + 1
  dropped_keys[place], dropped_ids[place] = lock_keys[at_hand], id
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
  if lock_keys and #dropped_keys > 0 then
    call('DEL', unpack(dropped_keys))
    call('SREM', base .. 'stalled', unpack(dropped_ids))
  end
end
