"""What the command's exit codes mean."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended, for scripts."""

    OK = 0
    FAILED = 1
    USAGE = 2
    BROKER_UNAVAILABLE = 3
    JOB_FAILED = 4
    TIMED_OUT = 5
    NOT_FOUND = 6
    ENDED_BY_FORCE = 7  # the worker's own; to import it is a third of a second
    REFUSED = 8
    DATABASE_UNAVAILABLE = 9
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done; a worker has drained",
    ExitCode.FAILED: "failed; the last line on stderr says how",
    ExitCode.USAGE: "wrong usage, or input that does not fit",
    ExitCode.BROKER_UNAVAILABLE: "Redis is not available, or not fit for jobs",
    ExitCode.JOB_FAILED: "the awaited job failed",
    ExitCode.TIMED_OUT: "the awaited job did not end in time",
    ExitCode.NOT_FOUND: "no such queue, job or schedule",
    ExitCode.ENDED_BY_FORCE: "a worker ended by force, as its handlers would not stop",
    ExitCode.REFUSED: "the queue or the job does not stand where this can be done",
    ExitCode.DATABASE_UNAVAILABLE: "PostgreSQL is not available, or not migrated",
    ExitCode.INTERRUPTED: "interrupted",
}
