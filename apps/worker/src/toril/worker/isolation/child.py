"""The program of a child process: `python -m toril.worker.isolation.child FD`, started by its worker."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from functools import cache

from toril.jobs import Queue
from toril.worker.errors import HandlerStopped
from toril.worker.failures import describe, is_hopeless, trace_of
from toril.worker.handler import Handler, RawHandler, RunnableHandler
from toril.worker.isolation.context import BlockingJobContext
from toril.worker.isolation.known_errors import write_error
from toril.worker.isolation.messages import Cancelled, Ended, Failed, Returned, Run, Signalled
from toril.worker.isolation.parent_link import ParentLink
from toril.worker.isolation.references import HandlerReference, resolve
from toril.worker.signals import signal_in


def main() -> None:
    """Runs jobs until the worker closes the socket."""
    # For the worker, which ends its children itself; whatever a handler starts hears it as ever.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    link = ParentLink(socket.socket(fileno=int(sys.argv[1])))
    own_pid = os.getpid()
    for run in link.runs():
        end = perform(run, link)
        if os.getpid() != own_pid:
            os._exit(1)  # a copy that the handler forked off, and that came back from it
        _flush()
        link.end(end)


def perform(run: Run, link: ParentLink) -> Ended:
    """Runs one job; how it ended."""
    try:
        handler = _handler(run.handler)
        job = run.job._replace(data=run.body)
        context = BlockingJobContext(job, run.handler.queue, link)
        result = handler.function(handler.read(job), context)
        return Returned(body=handler.write(job, result))
    except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its job's failure
        return _raised(error)


@cache
def _handler(reference: HandlerReference) -> RunnableHandler:
    function = resolve(reference.function)
    if reference.contract is None:
        return RawHandler(Queue(reference.queue), function)
    return Handler(resolve(reference.contract).contract(), function)


def _raised(error: BaseException) -> Ended:
    ended_by = signal_in(error)
    if ended_by is not None:
        return Signalled(signal=write_error(ended_by))
    if isinstance(error, asyncio.CancelledError):
        return Cancelled()
    trace = trace_of(error)
    if not isinstance(error, Exception):
        error = HandlerStopped(error)
    return Failed(reason=describe(error), trace=trace, is_hopeless=is_hopeless(error))


def _flush() -> None:
    """What the handler printed is to be seen now, not when this process ends."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # none, broken, or closed by the handler
            stream.flush()


if __name__ == "__main__":
    main()
