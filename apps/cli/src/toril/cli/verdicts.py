"""What an error comes to: its line, and the exit code of the command.

Errors are known by their names. To import those of every package is half a second of the processor's time,
and needs what a command may have to do without, such as a driver for PostgreSQL.
"""

from typing import cast

from toril.cli.errors import CommandError
from toril.cli.exit_codes import ExitCode

EXPECTED = frozenset(
    {
        "toril.cli.errors.CommandError",
        "toril.bull.errors.BullError",
        "toril.jobs.errors.JobsError",
        "toril.database.errors.DatabaseError",
        "toril.backend.errors.BackendError",
        "toril.worker.errors.WorkerError",
        "toril.types.job_options.InvalidJobOptions",
        "toril.types.schedule.InvalidSchedule",
    }
)
"""Errors whose message says all there is to say."""

EXIT_CODES = {
    "toril.backend.errors.InvalidKeyEntry": ExitCode.USAGE,
    "toril.backend.errors.JobFailed": ExitCode.JOB_FAILED,
    "toril.bull.errors.BrokerMisconfigured": ExitCode.BROKER_UNAVAILABLE,
    "toril.bull.errors.BrokerUnavailable": ExitCode.BROKER_UNAVAILABLE,
    "toril.bull.errors.EmbeddedBrokerFailed": ExitCode.BROKER_UNAVAILABLE,
    "toril.bull.errors.InvalidBrokerURL": ExitCode.USAGE,
    "toril.bull.errors.InvalidQuery": ExitCode.USAGE,
    "toril.bull.errors.InvalidQueueName": ExitCode.USAGE,
    "toril.bull.errors.InvalidSetting": ExitCode.USAGE,
    "toril.bull.errors.JobLocked": ExitCode.REFUSED,
    "toril.bull.errors.JobNotFound": ExitCode.NOT_FOUND,
    "toril.bull.errors.QueueBusy": ExitCode.REFUSED,
    "toril.bull.errors.QueueNotPaused": ExitCode.REFUSED,
    "toril.bull.errors.ScheduleBusy": ExitCode.REFUSED,
    "toril.bull.errors.WrongState": ExitCode.REFUSED,
    "toril.database.errors.DatabaseUnavailable": ExitCode.DATABASE_UNAVAILABLE,
    "toril.database.errors.EmbeddedPostgresFailed": ExitCode.DATABASE_UNAVAILABLE,
    "toril.database.errors.InvalidDatabaseURL": ExitCode.USAGE,
    "toril.database.errors.InvalidMigrations": ExitCode.USAGE,
    "toril.database.errors.OutboxMissing": ExitCode.DATABASE_UNAVAILABLE,
    "toril.jobs.errors.InvalidResult": ExitCode.FAILED,
    "toril.jobs.errors.JobsError": ExitCode.USAGE,
    "toril.types.job_options.InvalidJobOptions": ExitCode.USAGE,
    "toril.types.schedule.InvalidSchedule": ExitCode.USAGE,
    "toril.worker.errors.BadTarget": ExitCode.USAGE,
    "toril.worker.errors.HandlerError": ExitCode.USAGE,
    "toril.worker.errors.NoHandlers": ExitCode.USAGE,
}
"""The exit codes of errors and of those derived from them; the others' is that of a failure."""


def cause_of(error: Exception) -> Exception:
    """The error itself, or the first one in a task group's."""
    if isinstance(error, ExceptionGroup):
        return cause_of(cast("ExceptionGroup[Exception]", error).exceptions[0])
    return error


def exit_code_of(error: Exception) -> ExitCode:
    if isinstance(error, CommandError):
        return error.exit_code
    # What it is derived from comes after itself: the nearest counts.
    return next((EXIT_CODES[name] for name in _names(error) if name in EXIT_CODES), ExitCode.FAILED)


def message_of(error: Exception) -> str:
    """One line, where the error allows."""
    if EXPECTED.isdisjoint(_names(error)):
        return f"unexpected {type(error).__name__}: {error} (--verbose shows where)"
    return str(error)


def _names(error: Exception) -> list[str]:
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
