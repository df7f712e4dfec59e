--- use queue
-- Gives a deduplication key to a job, in the modes `de`. A key that keeps the last lasts as long as its job.
local function hold_key(deduplication_id, de, id)
  local key, ttl = base .. 'de:' .. deduplication_id, tonumber(de.ttl) or 0
  if ttl > 0 and not de.keepLastIfActive then
    call('SET', key, id, 'PX', ttl)
  else
    call('SET', key, id)
  end
end
