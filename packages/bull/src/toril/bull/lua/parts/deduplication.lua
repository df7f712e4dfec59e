--- use queue
--- use deduplication_key
--- use store
--- use place
-- The end of a job that holds a deduplication key (bullmq-protocol §6.3). How it came by it is in deduplicate.lua.

-- A key without a time to live lasts as long as its job.
local function release_key(deduplication_id, id)
  local key = base .. 'de:' .. deduplication_id
  local left = call('PTTL', key)
  if left == 0 or (left == -1 and call('GET', key) == id) then
    call('DEL', key)
  end
end

-- The latest duplicate that came while the job ran, kept for this moment, becomes a job of its own.
local function add_kept_duplicate(deduplication_id, now)
  local kept_key = base .. 'dn:' .. deduplication_id
  local kept = call('HMGET', kept_key, 'name', 'data', 'opts', 'jid', 'pk', 'pd', 'pdk', 'rjk')
  local next_id = string.format('%.0f', call('INCR', base .. 'id'))
  local id = kept[4] or next_id
  if call('EXISTS', base .. id) == 1 then
    -- Another job has come by this id meanwhile. BullMQ writes over it, and has it twice in line.
    call('DEL', kept_key)
    emit_and_trim('duplicated', 'jobId', id)
    return
  end
  local readable, options = pcall(cjson.decode, kept[3] or '')
  options = readable and type(options) == 'table' and options or {}
  local deduplication = type(options.de) == 'table' and options.de or {}

  hold_key(deduplication_id, deduplication, id)

  local extra = {}
  if kept[5] then
    extra = { 'parentKey', kept[5], 'parent', kept[6] }
  end
  if kept[8] then
    extra[#extra + 1] = 'rjk'
    extra[#extra + 1] = kept[8]
  end
  if deduplication.id then
    extra[#extra + 1] = 'deid'
    extra[#extra + 1] = deduplication.id
  end
  local delay, priority = tonumber(options.delay) or 0, tonumber(options.priority) or 0
  max_events()
  store(id, kept[1] or '', kept[2] or '{}', kept[3] or '{}', now, delay, priority, #extra > 0 and extra or nil)
  place(id, now, delay, priority, options.lifo and 'RPUSH' or 'LPUSH')
  if kept[7] then
    call('SADD', kept[7], base .. id)
  end
  call('DEL', kept_key)
end
