--- use queue
-- The locks of the jobs that a batch settles: read in one go, and dropped in one go when the batch is through.
-- `at_hand` is which of the outcomes is being settled; `given_up` are the jobs whose lock one of them has given up.
local locked_ids, lock_keys, held, given_up, given_up_count, at_hand

--- each call
given_up_count = 0

--- once
local function read_locks(ids)
  locked_ids, lock_keys, given_up = ids, {}, {}
  for position = 1, #ids do
    lock_keys[position] = base .. ids[position] .. ':lock'
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
  given_up_count = given_up_count + 1
  return 0
end

-- Of a job whose outcome the server refused on its way: it is still ours, as the outcome comes again.
local function keep_lock(id)
  if given_up[id] then
    given_up[id] = nil
    given_up_count = given_up_count - 1
  end
end

local function drop_locks()
  if given_up_count == 0 then
    return
  end
  local keys, ids = lock_keys, locked_ids
  if given_up_count < #ids then
    keys, ids = {}, {}
    for position, id in ipairs(locked_ids) do
      if given_up[id] then
        keys[#keys + 1], ids[#ids + 1] = lock_keys[position], id
      end
    end
  end
  call('DEL', unpack(keys))
  call('SREM', base .. 'stalled', unpack(ids))
end
