"""Fields of events and of a queue's meta hash that we write and read by name (bullmq-protocol §1, §6.5)."""

JOB_ID = "jobId"
MOST_EVENTS = "opts.maxLenEvents"
