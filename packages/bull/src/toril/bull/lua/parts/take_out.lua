--- use queue
-- Takes a job out of where it waits to be started, and says where that was; nil if it does not wait.
local function take_out(id)
  for _, state in ipairs({ 'delayed', 'prioritized' }) do
    if call('ZREM', base .. state, id) == 1 then
      return state
    end
  end
  for _, list in ipairs({ 'wait', 'paused' }) do
    if call('LREM', base .. list, 1, id) == 1 then
      return list
    end
  end
end
