--[[
Notes how far a job is.

KEYS  1 the queue's meta key
ARGV  1 id   2 progress JSON
Reply 1, or 0 if the job is gone
Events progress
]]
--- use events

local id, progress = ARGV[1], ARGV[2]
if call('EXISTS', base .. id) == 0 then
  return 0
end
call('HSET', base .. id, 'progress', progress)
emit_and_trim('progress', 'jobId', id, 'data', progress)
return 1
