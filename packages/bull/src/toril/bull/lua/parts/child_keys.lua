--- use queue
-- The keys of a job's children, in BullMQ's order: of each kind all of them, or some where there are more than `most`.
local function child_keys(job_key, most, pending_only)
  local keys = {}
  local function append(more)
    for _, key in ipairs(more) do
      keys[#keys + 1] = key
    end
  end
  if not pending_only then
    for _, kind in ipairs({ ':processed', ':failed' }) do
      local hash = job_key .. kind
      append(call('HLEN', hash) > most and call('HRANDFIELD', hash, most) or call('HKEYS', hash))
    end
    append(call('ZRANGE', job_key .. ':unsuccessful', 0, most - 1))
  end
  local set = job_key .. ':dependencies'
  append(call('SCARD', set) > most and call('SRANDMEMBER', set, most) or call('SMEMBERS', set))
  return keys
end
