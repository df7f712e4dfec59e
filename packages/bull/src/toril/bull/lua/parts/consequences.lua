--- use parents
--- use removal
--- use deduplication
-- What the end of a job brings with it, where a parent, a deduplication key or a retention asks for it.
local consequences = {}

-- Whether a duplicate was kept for this moment.
function consequences.end_deduplication(deduplication_id, id)
  release_key(deduplication_id, id)
  return call('EXISTS', base .. 'dn:' .. deduplication_id) == 1
end

consequences.add_kept_duplicate = add_kept_duplicate

-- "<count>,<age in s>,<limit>", each of them possibly empty; "" keeps all, "0" keeps none.
function consequences.apply_retention(target, keep, now)
  local count, age, limit = string.match(keep, '^(%d*),?([%d.]*),?(%d*)$')
  if age ~= '' then
    evict_older(base .. target, tonumber(age), tonumber(limit) or 1000, now)
  end
  if tonumber(count) then
    evict_beyond(base .. target, tonumber(count))
  end
end

function consequences.settle_parent(parent_key, job_key, target, value, now)
  -- A note that is no JSON must not stop the batch: the key alone tells the parent then.
  local readable, parent = pcall(cjson.decode, call('HGET', job_key, 'parent') or '')
  local is_note = readable and type(parent) == 'table' and type(parent.queueKey) == 'string'
  parent = is_note and type(parent.id) == 'string' and parent
  if target == 'failed' then
    if parent then
      child_failed(parent, job_key, value, now)
    end
  elseif parent then
    child_completed(parent_key, parent.queueKey .. ':', parent.id, job_key, value, now)
  else
    local queue, id = split_key(parent_key)
    child_completed(parent_key, queue, id, job_key, value, now)
  end
end

function consequences.remove(job_key, parent_key)
  remove_keys(job_key)
  if parent_key then
    child_removed(parent_key, job_key)
  end
end
