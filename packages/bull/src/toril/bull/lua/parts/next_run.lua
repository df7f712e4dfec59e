--- use queue
-- Whether a job is the pending run of a live schedule: without it the schedule would end.
local function is_next_run(id)
  local scheduler, due = string.match(id, '^repeat:(.+):(%d+)$')
  return scheduler and tonumber(call('ZSCORE', base .. 'repeat', scheduler) or nil) == tonumber(due) or false
end
