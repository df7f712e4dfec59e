--[[
Removes a job, wherever it stands, with its children and theirs if asked. A job that a worker holds is not removed, and
nothing with it. Of a tree too large for one call, a part is removed, from below; the job itself goes last.

KEYS  1 the queue's meta key
ARGV  1 id   2 '1' with its children, else ''   3 how many jobs one call may remove
Reply ['removed'], ['more'] if another call is needed, ['locked', key of a job that a worker holds], ['scheduled'] for
      the pending run of a schedule, ['missing'] if there is no such job
Events removed; `waiting` of parents that waited for a removed job alone
]]
--- use next_run
--- use state
--- use tree

local id, with_children = ARGV[1], ARGV[2] == '1'
most = tonumber(ARGV[3])
local job_key = base .. id

if is_next_run(id) then
  return { 'scheduled' }
end
if call('EXISTS', job_key) == 0 and not state_of(id) then
  return { 'missing' }
end
if is_locked(job_key) then
  return { 'locked', job_key }
end
if with_children and size_of(job_key, most + 1) > most then
  local count, locked = prune(job_key, most, false)
  if locked then
    return { 'locked', locked }
  elseif count > 0 then
    return { 'more' }
  end
  -- A chain without a branch cannot be cut without letting a part of it run: it goes as a whole.
  most = NO_BOUND
end
local locked = locked_in(job_key, with_children)
if locked then
  return { 'locked', locked }
end
local parent_key = call('HGET', job_key, 'parentKey')
remove(base, id, parent_key and parent_key ~= '' and call('EXISTS', parent_key) == 1 and parent_key, with_children)
return { 'removed' }
