"""Errors and signals that cross between a worker and its child processes, and are the same on both sides."""

import asyncio

from toril.bull.errors import BrokerUnavailable, JobNotFound
from toril.worker.errors import WorkerError
from toril.worker.isolation.messages import RaisedError
from toril.worker.signals import (
    FailedByChild,
    MovedToDelayed,
    MovedToWaiting,
    MovedToWaitingChildren,
    RateLimited,
    RunEnded,
)


def write_error(error: BaseException) -> RaisedError:
    """What an error or a signal is made from; one that is not known crosses as a WorkerError."""
    match error:
        case JobNotFound():
            arguments: tuple[str | float, ...] = (error.queue, error.job_id)
        case BrokerUnavailable():
            return RaisedError(name="BrokerUnavailable", arguments=(error.address, error.reason))
        case RateLimited():
            arguments = (error.retry_after,)
        case MovedToDelayed():
            arguments = (error.delay,)
        case FailedByChild():
            arguments = (error.child_key,)
        case MovedToWaiting() | MovedToWaitingChildren() | asyncio.CancelledError():
            arguments = ()
        case ValueError():
            return RaisedError(name="ValueError", arguments=(str(error),))
        case _:
            return RaisedError(name="WorkerError", arguments=(f"{type(error).__name__}: {error}",))
    return RaisedError(name=type(error).__name__, arguments=arguments)


def read_error(raised: RaisedError) -> BaseException:
    """The error or signal again."""
    match raised.name, raised.arguments:
        case "JobNotFound", (str(queue), str(job_id)):
            return JobNotFound(queue, job_id)
        case "BrokerUnavailable", (str(address), str(reason)):
            return BrokerUnavailable(address, reason)
        case "ValueError", (str(message),):
            return ValueError(message)
        case "CancelledError", ():
            return asyncio.CancelledError()
        case _:
            return read_signal(raised) or WorkerError(*raised.arguments)


def read_signal(raised: RaisedError) -> RunEnded | None:
    """The signal again, if it is one."""
    match raised.name, raised.arguments:
        case "RateLimited", (float(seconds),):
            return RateLimited(seconds)
        case "MovedToDelayed", (float(seconds),):
            return MovedToDelayed(seconds)
        case "FailedByChild", (str(child_key),):
            return FailedByChild(child_key)
        case "MovedToWaiting", ():
            return MovedToWaiting()
        case "MovedToWaitingChildren", ():
            return MovedToWaitingChildren()
        case _:
            return None
