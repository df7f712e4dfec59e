--[[
Adds jobs that come from rows of an outbox, in the order given, each row's once.

KEYS  1 the queue's meta key
ARGV  as of adding/add, each job a run by itself, then the id of each job's row
Reply how many rows were new
Events those of adding/add
]]
--- use relayed
--- use removal
--- use state

-- A step that Redis refused on its way may have left records of jobs that stand in no state. They are no jobs yet.
local function remove_remains(id)
  if call('EXISTS', base .. id) == 1 and not state_of(id) then
    remove_keys(base .. id)
  end
end

local ARGUMENTS_A_JOB = 6
local count = (#ARGV - 1) / (ARGUMENTS_A_JOB + 1)
local rows, jobs = {}, { ARGV[1] }
for i = 1, count do
  local row = ARGV[1 + count * ARGUMENTS_A_JOB + i]
  if not was_relayed(row) then
    rows[#rows + 1] = row
    local before = 1 + (i - 1) * ARGUMENTS_A_JOB
    remove_remains(ARGV[before + 5])
    for at = before + 1, before + ARGUMENTS_A_JOB do
      jobs[#jobs + 1] = ARGV[at]
    end
  end
end

local function add_jobs(ARGV)
--- include adding/add
end

if #rows > 0 then
  add_jobs(jobs)
  note_relayed(rows)
end
return #rows
