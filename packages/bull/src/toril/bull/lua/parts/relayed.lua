--- use queue
-- Which rows of transactional outboxes this queue has had: a row that comes again, as its relay died before it could
-- delete it, adds nothing, even if its jobs have ended and are gone. In doubt are the latest rows only. The key has
-- `meta` in front: so BullMQ takes it for the queue's own where it looks for what is left of jobs.
local LATEST_ROWS = 10000
local KEPT_FOR = 30 * 86400

local relayed_key = base .. 'meta:outbox'

local function was_relayed(row)
  return call('ZSCORE', relayed_key, row)
end

-- They are numbered in the order in which they come: clocks differ from relay to relay, and may be set back.
local function note_relayed(rows)
  if #rows == 0 then
    return
  end
  local latest = tonumber(call('ZREVRANGE', relayed_key, 0, 0, 'WITHSCORES')[2]) or 0
  for place, row in ipairs(rows) do
    call('ZADD', relayed_key, string.format('%.0f', latest + place), row)
  end
  call('ZREMRANGEBYRANK', relayed_key, 0, -LATEST_ROWS - 1)
  call('EXPIRE', relayed_key, KEPT_FOR)
end
