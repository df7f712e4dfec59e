--- use queue
-- Taking the jobs that a batch settles off `active`. The oldest stand at its end, and mostly it is they that end: so
-- that end is read in one go and, when the batch is through, cut off in one go. What else reads or changes `active`
-- calls write_active first.
local oldest, place_of, left -- `left` of the oldest have not ended

--- each call
oldest = nil

--- once
local function read_active(count)
  oldest, place_of = call('LRANGE', base .. 'active', -count, -1), {}
  left = #oldest
  for place = 1, left do
    place_of[oldest[place]] = place
  end
end

local function write_active()
  if oldest and left < #oldest then
    call('LTRIM', base .. 'active', 0, -#oldest - 1)
    if left > 0 then
      local others = {}
      for place = 1, #oldest do
        others[#others + 1] = oldest[place] or nil
      end
      call('RPUSH', base .. 'active', unpack(others))
    end
  end
  oldest = nil
end

-- Whether the job was there.
local function take_off_active(id)
  local place = oldest and place_of[id]
  if place then
    place_of[id], oldest[place], left = false, false, left - 1
    return true
  end
  if place == false then
    write_active()
  end
  return call('LREM', base .. 'active', -1, id) > 0
end
