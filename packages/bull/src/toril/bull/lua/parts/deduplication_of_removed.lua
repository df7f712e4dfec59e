--- use queue
-- A job that is removed gives its deduplication key back, if it still holds it, and with it the duplicate that was
-- kept for its end.
local function forget_deduplication(queue, id, deduplication_id)
  if deduplication_id and call('GET', queue .. 'de:' .. deduplication_id) == id then
    call('DEL', queue .. 'de:' .. deduplication_id, queue .. 'dn:' .. deduplication_id)
  end
end
