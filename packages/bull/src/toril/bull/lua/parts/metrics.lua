--- use queue
-- Counting the jobs that ended, minute by minute (bullmq-protocol §6.4). The list holds at most `most` minutes, the
-- newest first; the minute that runs is what the count has grown by since.
local function add_minute(metrics, most, now, before)
  local since, count_then = unpack(call('HMGET', metrics, 'prevTS', 'prevCount'))
  if not since then
    call('HSET', metrics, 'prevTS', now, 'prevCount', 0)
    return
  end
  local passed = math.min(math.floor(now / 60000) - math.floor(tonumber(since) / 60000), most)
  if passed <= 0 then
    return
  end
  local minutes = { before - tonumber(count_then or 0) }
  for minute = 2, passed do
    minutes[minute] = 0
  end
  for from = 1, passed, 5000 do
    call('LPUSH', metrics .. ':data', unpack(minutes, from, math.min(from + 4999, passed)))
  end
  call('LTRIM', metrics .. ':data', 0, most - 1)
  call('HSET', metrics, 'prevCount', before, 'prevTS', now)
end

local function count_ended(target, count, most, now)
  local metrics = base .. 'metrics:' .. target
  local before = call('HINCRBY', metrics, 'count', count) - count
  add_minute(metrics, most, now, before)
end
