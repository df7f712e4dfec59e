--- use queue
-- Where a job stands: BullMQ's word for it, or nil if it is nowhere.
local function state_of(id)
  for _, state in ipairs({ 'completed', 'failed', 'delayed', 'prioritized', 'waiting-children' }) do
    if call('ZSCORE', base .. state, id) then
      return state
    end
  end
  if call('LPOS', base .. 'active', id) then
    return 'active'
  end
  -- "paused" is where a BullMQ before v6 puts the jobs of a paused queue.
  if call('LPOS', base .. 'wait', id) or call('LPOS', base .. 'paused', id) then
    return 'waiting'
  end
  return nil
end
