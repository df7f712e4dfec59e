--- use queue
-- The keys of a job's children, at most so many of each kind: all of them, or some where there are more.

local function some_members(set, most)
  return call('SCARD', set) > most and call('SRANDMEMBER', set, most) or call('SMEMBERS', set)
end

local function some_fields(hash, most)
  return call('HLEN', hash) > most and call('HRANDFIELD', hash, most) or call('HKEYS', hash)
end

local function child_keys(job_key, most)
  local keys = {}
  for _, kind in ipairs({
    some_fields(job_key .. ':processed', most),
    some_members(job_key .. ':dependencies', most),
    call('ZRANGE', job_key .. ':unsuccessful', 0, most - 1),
    some_fields(job_key .. ':failed', most),
  }) do
    for _, key in ipairs(kind) do
      keys[#keys + 1] = key
    end
  end
  return keys
end
