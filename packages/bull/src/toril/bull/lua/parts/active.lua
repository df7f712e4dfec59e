--- use queue
-- Taking the jobs that a batch settles off `active`. The oldest stand at its end, and mostly it is they that end: so
-- that end is read in one go and, when the batch is through, cut off in one go. What else reads or changes `active`
-- calls write_active first.
local oldest, left -- `left` of the oldest have not ended: the first ones, as long as no `place_of` says otherwise
local place_of

--- each call
oldest = nil

--- once
local function read_active(count)
  oldest, place_of = call('LRANGE', base .. 'active', -count, -1), nil
  left = #oldest
end

local function note_places()
  place_of = {}
  for place = 1, #oldest do
    local id = oldest[place]
    oldest[place] = place <= left and id
    place_of[id] = place <= left and place
  end
end

local function write_active()
  if oldest and left < #oldest then
    call('LTRIM', base .. 'active', 0, -#oldest - 1)
    if left > 0 then
      local others = {}
      for place = 1, place_of and #oldest or left do
        others[#others + 1] = oldest[place] or nil
      end
      call('RPUSH', base .. 'active', unpack(others))
    end
  end
  oldest = nil
end

-- Whether the job was there.
local function take_off_active(id)
  if oldest and not place_of then
    -- Most end in the order in which they began.
    if oldest[left] == id then
      left = left - 1
      return true
    end
    note_places()
  end
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
