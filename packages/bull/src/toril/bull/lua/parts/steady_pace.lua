--- use scheduled_run
-- When a schedule with a steady pace runs (bullmq-protocol §6.2). All times are ms.
local MOST_SLOTS_TRIED = 32

-- The first multiple of `every`, and `offset` beyond it, that is still to come.
local function next_multiple(every, offset, now)
  local due = math.floor(now / every) * every + offset
  return due <= now and due + every or due
end

-- `last` is the run before, nil for the first one; `start` is nil for none.
local function next_at_pace(last, every, offset, start, now)
  if last then
    -- What was missed is not made up for: it goes on where the clock is.
    local due = last + every
    return math.floor(due < now and next_multiple(every, offset, now) or due)
  elseif start then
    return math.floor(math.max(start, now))
  end
  return math.floor(offset > 0 and next_multiple(every, offset, now) or now)
end

-- How far a run is beyond a whole multiple of the pace.
local function offset_of(due, every, offset)
  return math.floor(offset > 0 and offset or due - math.floor(due / every) * every)
end

-- The first time from `due` on at which there is no job yet; nil if that is too far away.
local function free_slot(schedule, due, every)
  for tried = 0, MOST_SLOTS_TRIED do
    if not run_exists(schedule, due + tried * every) then
      return due + tried * every
    end
  end
end
