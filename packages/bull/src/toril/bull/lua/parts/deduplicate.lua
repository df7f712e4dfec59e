--- use deduplication_key
--- use events
--- use marker
--- use order
--- use removal
-- A job that comes with a deduplication key (bullmq-protocol §6.3). The end of the job that holds it is in
-- deduplication.lua.

local function announce_deduplicated(id, deduplication_id, dropped_id)
  emit_and_trim('deduplicated', 'jobId', id, 'deduplicationId', deduplication_id, 'deduplicatedJobId', dropped_id)
end

-- A key that does not expire goes with its job. One that an accident has left behind binds nobody.
local function is_stale(de, holder)
  return call('PTTL', base .. 'de:' .. de.id) == -1 and call('EXISTS', base .. holder) == 0
end

-- The new job takes the place of the holder, if that one is delayed.
local function replace_delayed(de, holder, id)
  if call('ZREM', base .. 'delayed', holder) == 0 then
    return false
  end
  evict({ holder })
  emit('removed', 'jobId', holder, 'prev', 'delayed')
  announce_deduplicated(id, de.id, holder)
  call('DEL', base .. 'dn:' .. de.id)
  if de.ttl and not de.extend then
    call('SET', base .. 'de:' .. de.id, id, 'KEEPTTL')
  else
    hold_key(de.id, de, id)
  end
  return true
end

-- The new job waits in a hash for the end of the holder, if that one runs; of several, the latest does.
local function keep_for_the_end(de, holder, id, job)
  if not de.keepLastIfActive or not call('LPOS', base .. 'active', holder) then
    return false
  end
  local kept_key = base .. 'dn:' .. de.id
  call('DEL', kept_key)
  call('HSET', kept_key, 'name', job.name, 'data', job.data, 'opts', job.options, 'jid', id)
  call('PERSIST', base .. 'de:' .. de.id)
  announce_deduplicated(holder, de.id, id)
  return true
end

local function reschedule_delayed(holder, delay, now)
  if not call('ZSCORE', base .. 'delayed', holder) then
    return
  end
  local due = delay > 0 and now + delay or now
  call('HSET', base .. holder, 'delay', delay)
  call('ZADD', base .. 'delayed', due_score(base, due), holder)
  emit_and_trim('delayed', 'jobId', holder, 'delay', due)
  mark_next_due(base)
end

-- The id of the job that holds the key, if the new one is not to be added; nil if the new one holds it now.
-- `de`: the modes, as codec/deduplication.py writes them. `job`: name, data, options (JSON), delay (ms).
local function deduplicate(de, id, job, now)
  local holder = call('GET', base .. 'de:' .. de.id)
  if holder and de.replace and replace_delayed(de, holder, id) then
    return nil
  end
  if not holder or is_stale(de, holder) then
    if holder then
      call('DEL', base .. 'dn:' .. de.id)
    end
    hold_key(de.id, de, id)
    return nil
  end
  -- BullMQ says nothing of a job that was to replace another one and could not.
  if keep_for_the_end(de, holder, id, job) or de.replace then
    return holder
  end
  if de.extend then
    hold_key(de.id, de, holder)
  end
  announce_deduplicated(holder, de.id, id)
  if de.reschedule then
    reschedule_delayed(holder, job.delay, now)
  end
  return holder
end
