--- use queue
-- Taking the jobs that a batch settles off `active`. The oldest stand at its end, and mostly it is they that end: so
-- that end is read in one go and, when the batch is through, cut off in one go. What else reads or changes `active`
-- calls write_active first.
local oldest, place_of, ended_oldest

--- each call
oldest, ended_oldest = nil, false

--- once
local function read_active(count)
  oldest, place_of = call('LRANGE', base .. 'active', -count, -1), {}
  for place, id in ipairs(oldest) do
    place_of[id] = place
  end
end

local function write_active()
  if ended_oldest then
    local others = {}
    for _, id in ipairs(oldest) do
      others[#others + 1] = id or nil
    end
    call('LTRIM', base .. 'active', 0, -#oldest - 1)
    if #others > 0 then
      call('RPUSH', base .. 'active', unpack(others))
    end
  end
  oldest, ended_oldest = nil, false
end

-- Whether the job was there.
local function take_off_active(id)
  local place = oldest and place_of[id]
  if place then
    place_of[id], oldest[place], ended_oldest = false, false, true
    return true
  end
  if place == false then
    write_active()
  end
  return call('LREM', base .. 'active', -1, id) > 0
end
