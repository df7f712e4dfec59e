--[[
Makes a job nobody's child: its parent waits for it no longer.

KEYS  1 the queue's meta key
ARGV  1 id
Reply 1; 0 if no parent waits for it; the parent's key if there is no such parent, or nil if there is no such job
Events `waiting` of a parent that waited for it alone
]]
--- use parents

local job_key = base .. ARGV[1]
if call('EXISTS', job_key) == 0 then
  return false
end
local parent_key = call('HGET', job_key, 'parentKey')
if not parent_key or parent_key == '' then
  return 0
end
if call('EXISTS', parent_key) == 0 then
  return parent_key
end
if call('SISMEMBER', parent_key .. ':dependencies', job_key) == 0 then
  return 0
end
child_removed(parent_key, job_key)
call('HDEL', job_key, 'parentKey', 'parent')
return 1
