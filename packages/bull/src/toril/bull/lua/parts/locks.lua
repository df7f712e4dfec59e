--- use queue
-- The locks of the jobs that a batch settles: read in one go, and dropped in one go when the batch is through.
-- `ids` are those of the outcomes' jobs by position, `at_hand` is which of them is being settled; `given_up` are the
-- jobs whose lock one of them has given up. Lists such as `ids` outlive the call, with a count of what is this call's:
-- to make one anew, and let it grow, costs a small batch as much as one of its commands.
local ids, lock_keys, id_count = {}, {}, 0
local held, given_up, given_up_count, at_hand

--- each call
id_count, given_up_count = 0, 0

--- once
local function read_locks()
  given_up = {}
  for position = 1, id_count do
    lock_keys[position] = base .. ids[position] .. ':lock'
  end
  held = call('MGET', unpack(lock_keys, 1, id_count))
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

local function keep_those_given_up()
  local count = 0
  for position = 1, id_count do
    if given_up[ids[position]] then
      count = count + 1
      ids[count], lock_keys[count] = ids[position], lock_keys[position]
    end
  end
  id_count = count
end

local function drop_locks()
  if given_up_count == 0 then
    return
  end
  if given_up_count < id_count then
    keep_those_given_up()
  end
  call('DEL', unpack(lock_keys, 1, id_count))
  call('SREM', base .. 'stalled', unpack(ids, 1, id_count))
end
