--[[
Adds trees of jobs over one queue or several, each tree whole or not at all.

KEYS  1… the meta keys of the queues
ARGV  1 now (ms)   2 key of the job that is to be the parent of each tree's first job, or ''
      then per tree how many jobs it has, and per job ten, level by level:
        number of its queue in KEYS   id   name   data JSON   options JSON   delay (ms)   priority (0 for none)
        '1' to put it in front of all that wait, 'children' if it waits for children, else ''
        place of its parent in the tree, 0 for the first job   the job's note of its parent (JSON), or ''
Reply per tree two numbers: 0 if it was added; else what is wrong with it, and with the job at which place:
      -5 the parent is gone   -7 the job exists, and is the child of another   -101 it would wait for itself
Events added, waiting, delayed, waiting-children, duplicated; `waiting` and `delayed` of parents whose children
      had all completed before
]]
--- use store
--- use place
--- use parents
--- use several_queues

local now = tonumber(ARGV[1])
local outer_parent = ARGV[2] ~= '' and ARGV[2] or nil
local ARGUMENTS = 10
local LONGEST_LINE = 1000

local queues = {}
for i, meta in ipairs(KEYS) do
  queues[i] = string.sub(meta, 1, -5)
end

-- The jobs of the tree at hand as far as it was looked at: the key of each one's parent, or false.
local parent_of = {}

local function exists(job_key)
  return parent_of[job_key] ~= nil or call('EXISTS', job_key) == 1
end

local function current_parent(job_key)
  local parent_key = parent_of[job_key]
  if parent_key == nil then
    parent_key = call('HGET', job_key, 'parentKey')
  end
  return parent_key and parent_key ~= '' and parent_key
end

local function is_above(job_key, of)
  for _ = 1, LONGEST_LINE do
    if not of or of == job_key then
      return of == job_key
    end
    of = current_parent(of)
  end
  return true
end

-- What stands against a job as a child of this parent, or 0.
local function objection(job_key, parent_key)
  if not parent_key or not exists(job_key) then
    return 0
  end
  local present = current_parent(job_key)
  if present and present ~= parent_key and exists(present) then
    return -7
  end
  return is_above(job_key, parent_key) and -101 or 0
end

local function job_at(tree, at)
  local parent_place = tonumber(ARGV[at + 8])
  return {
    at = at,
    queue = queues[tonumber(ARGV[at])],
    id = ARGV[at + 1],
    key = queues[tonumber(ARGV[at])] .. ARGV[at + 1],
    parent_key = parent_place > 0 and tree[parent_place].key or outer_parent,
  }
end

-- The tree whose jobs begin at `at`, and what is wrong with it, if anything is.
local function read_tree(at, size)
  local tree = {}
  parent_of = {}
  if outer_parent and call('EXISTS', outer_parent) == 0 then
    return tree, -5, 1
  end
  for place = 1, size do
    local job = job_at(tree, at + (place - 1) * ARGUMENTS)
    local code = objection(job.key, job.parent_key)
    if code < 0 then
      return tree, code, place
    end
    parent_of[job.key] = job.parent_key or current_parent(job.key) or false
    tree[place] = job
  end
  return tree, 0, 0
end

-- A job that exists stays as it is, and has a parent from now on. What it returned, if it has completed, counts.
local function attach(job)
  if not job.parent_key then
    return
  end
  if call('ZSCORE', base .. 'completed', job.id) then
    call('HSET', job.parent_key .. ':processed', job.key, call('HGET', job.key, 'returnvalue') or 'null')
  else
    call('SADD', job.parent_key .. ':dependencies', job.key)
  end
  call('HSET', job.key, 'parentKey', job.parent_key, 'parent', ARGV[job.at + 9])
end

local function add(job)
  local at, id, delay, priority = job.at, job.id, tonumber(ARGV[job.at + 5]), tonumber(ARGV[job.at + 6])
  local kinship = job.parent_key and { 'parentKey', job.parent_key, 'parent', ARGV[at + 9] }
  store(id, ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[1], delay, priority, kinship)
  if ARGV[at + 7] == 'children' then
    call('ZADD', base .. 'waiting-children', now, id)
    emit_and_trim('waiting-children', 'jobId', id)
  else
    place(id, now, delay, priority, ARGV[at + 7] == '1' and 'RPUSH' or 'LPUSH')
  end
  if job.parent_key then
    call('SADD', job.parent_key .. ':dependencies', job.key)
  end
end

local function add_or_attach(job)
  work_on(job.queue)
  call('INCR', base .. 'id')
  max_events()
  if call('EXISTS', job.key) == 1 then
    attach(job)
    emit_and_trim('duplicated', 'jobId', job.id)
  else
    add(job)
  end
end

-- Only now is a parent let go whose children had all completed before: while the tree grew, more were to come.
local function release_parents(tree)
  local seen = {}
  for _, job in ipairs(tree) do
    local parent_key = job.parent_key
    if parent_key and not seen[parent_key] then
      seen[parent_key] = true
      local queue, id = split_key(parent_key)
      release_if_last(queue, id, now)
    end
  end
end

local replies = {}
local at = 3
while ARGV[at] do
  local size = tonumber(ARGV[at])
  local tree, code, place_at_fault = read_tree(at + 1, size)
  if code == 0 then
    for _, job in ipairs(tree) do
      add_or_attach(job)
    end
    release_parents(tree)
  end
  replies[#replies + 1] = code
  replies[#replies + 1] = place_at_fault
  at = at + 1 + size * ARGUMENTS
end
return replies
