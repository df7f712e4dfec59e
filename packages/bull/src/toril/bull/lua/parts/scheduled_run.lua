--- use events
--- use store
--- use place
--- use take_out
--- use removal
--- use deduplication_of_removed
-- The runs of a schedule (BullMQ: the iterations of a job scheduler): a job each, at most one of which is to come.
local function run_id(schedule, due)
  return string.format('repeat:%s:%.0f', schedule, due)
end

local function run_exists(schedule, due)
  return call('EXISTS', base .. run_id(schedule, due)) == 1
end

-- Adds a run. `options` are those of the job, but for its id and its delay.
local function add_run(schedule, due, name, data, options, now)
  local id, delay = run_id(schedule, due), math.max(due - now, 0)
  local known = cjson.decode(options)
  local priority = tonumber(known.priority) or 0
  local extra = { 'rjk', schedule }
  if type(known.de) == 'table' and known.de.id then
    extra = { 'rjk', schedule, 'deid', known.de.id }
  end
  -- Decoding and encoding all of it would cost numbers their last digits.
  local own = string.format(',"delay":%.0f,"jobId":', delay) .. cjson.encode(id)
  call('INCR', base .. 'id')
  store(id, name, data, string.sub(options, 1, -2) .. own .. '}', now, delay, priority, extra)
  place(id, now, delay, priority, known.lifo and 'RPUSH' or 'LPUSH')
end

-- Removes a run that waits to be started, and says where it waited; nil if it does not wait.
local function remove_run(id)
  local was_in = take_out(id)
  if was_in then
    forget_deduplication(base, id, call('HGET', base .. id, 'deid'))
    remove_keys(base .. id)
  end
  return was_in
end
