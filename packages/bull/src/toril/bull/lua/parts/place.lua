--- use events
--- use blocked
--- use marker
--- use order
--- use enqueue
-- Puts a job that was just stored where its options want it, and tells of it (`push` as for enqueue).
local function place(id, now, delay, priority, push)
  if delay > 0 then
    local due = now + delay
    call('ZADD', base .. 'delayed', due_score(base, due), id)
    emit_and_trim('delayed', 'jobId', id, 'delay', due)
    mark_next_due(base)
  else
    enqueue(base, id, priority, push, is_blocked(base))
    emit_and_trim('waiting', 'jobId', id)
  end
end
