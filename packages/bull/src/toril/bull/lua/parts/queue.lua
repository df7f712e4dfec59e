-- The queue that this script works on: KEYS[1] is its meta key, "<prefix>:<queue>:meta"; all its other keys,
-- those of its jobs among them, begin alike and so share its hash slot on a cluster.
local call, base

--- each call
call = redis.call
base = string.sub(KEYS[1], 1, -5)
