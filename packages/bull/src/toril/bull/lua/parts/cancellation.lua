--- use queue
-- A job that is to be cancelled while it runs has this as its deferred failure: whoever takes it again, a Node worker
-- too, fails it with that reason and does not run it. It goes with the job, as it stands in its hash.
local CANCELLED_REASON = 'cancelled'

-- How all outcomes of such a job are refused but a failure for good.
local CANCELLED = -102

local function is_cancelled(id)
  return call('HGET', base .. id, 'defa') == CANCELLED_REASON
end

-- Tells the worker that holds the job, whose token the word begins with. A word that nobody hears, or that this user
-- may not say, does no harm: the worker finds the mark as it renews the lock.
local function cancel_active(id)
  call('HSET', base .. id, 'defa', CANCELLED_REASON)
  local token = call('GET', base .. id .. ':lock')
  if token then
    redis.pcall('PUBLISH', base .. 'cancelled', token .. ' ' .. id)
  end
end
