--[[
Removes a job that waits to be started, so that it never is; marks one that runs, and tells its worker.

KEYS  1 the queue's meta key
ARGV  1 id
Reply 1 if it was removed, 0 if it runs and has been marked; else the state that it is in, 'scheduled' for the pending
      run of a schedule, or nil if the job is nowhere
Events removed, `waiting` of a parent that waited for it alone
]]
--- use cancellation
--- use deduplication_of_removed
--- use events
--- use next_run
--- use parents
--- use removal
--- use state
--- use take_out

local id = ARGV[1]
local job_key = base .. id

if is_next_run(id) then
  return 'scheduled'
end
local was_in = take_out(id)
if not was_in then
  local state = state_of(id)
  if state ~= 'active' then
    return state or false
  elseif call('EXISTS', job_key) == 0 then
    return false
  end
  cancel_active(id)
  return 0
end
local job = call('HMGET', job_key, 'parentKey', 'deid')
if job[1] and job[1] ~= '' and call('EXISTS', job[1]) == 1 then
  child_removed(job[1], job_key)
end
forget_deduplication(base, id, job[2])
remove_keys(job_key)
emit_and_trim('removed', 'jobId', id, 'prev', was_in)
return 1
