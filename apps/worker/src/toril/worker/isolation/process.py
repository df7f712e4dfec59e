"""Handlers that compute: each run is in a child process."""

import asyncio
from contextlib import suppress

from toril.bull.intake import TakenJob
from toril.worker.context import JobContext
from toril.worker.errors import ChildProcessDied, RaisedInChild
from toril.worker.handler import RegisteredHandler
from toril.worker.isolation import messages
from toril.worker.isolation.attending import Answer, HandlerEnd, attend
from toril.worker.isolation.calls import Calls
from toril.worker.isolation.child_process import ChildProcess
from toril.worker.isolation.known_errors import read_error, write_error
from toril.worker.isolation.pool import ProcessPool
from toril.worker.isolation.references import HandlerReference
from toril.worker.timeouts import run_within


class ProcessHandler:
    """Runs a plain function in child processes; payload and result are JSON, and checked on both sides.

    Args:
        kill_after: seconds that a child gets to end its run once that is cancelled.
    """

    # The executor would count the wait for a free child; and a lock may be renewed until the child is gone.
    timeout: float | None = None

    def __init__(
        self, handler: RegisteredHandler, pool: ProcessPool, calls: Calls, *, kill_after: float
    ) -> None:
        self._handler = handler
        self._reference = handler.reference()
        self._pool = pool
        self._calls = calls
        self._kill_after = kill_after

    def read(self, job: TakenJob) -> TakenJob:
        """The job, whose payload fits; see `Handler.read`."""
        self._handler.read(job)
        return job

    async def function(self, job: TakenJob, context: JobContext) -> bytes:
        """What the function returned in the child, as JSON.

        Raises:
            ChildProcessDied: the child ended in mid-run.
            JobTimedOut: the run took too long.
            RaisedInChild: the function raised.
            RunEnded: the function ended its run by a signal.
            OSError: no child could be started.
        """
        async with self._pool.child() as child:
            conversation = ChildConversation(child, kill_after=self._kill_after)
            conversation.begin(self._reference, job)
            attending = attend(conversation, lambda call: self._calls.perform(call, job, context))
            return await run_within(self._handler.timeout, attending)

    def write(self, job: TakenJob, result: bytes) -> bytes:
        """The result, which fits; see `Handler.write`."""
        self._handler.check_result(job, result)
        return result


class ChildConversation:
    """Between the task of a run and its handler, in a child process."""

    def __init__(self, child: ChildProcess, *, kill_after: float) -> None:
        self._child = child
        self._kill_after = kill_after

    def begin(self, handler: HandlerReference, job: TakenJob) -> None:
        """Has the child run the job. What it has no use for stays here: the lock's token, above all."""
        bare = job._replace(data=b"", token="")
        self._child.send(messages.Run(handler=handler, job=bare, body=job.data))

    async def receive(self) -> messages.Call | HandlerEnd:
        """See `Conversation.receive`."""
        match await self._child.receive():
            case messages.Returned(body=result):
                return HandlerEnd(result)
            case messages.Failed(reason=reason, trace=trace, is_hopeless=is_hopeless):
                return HandlerEnd(None, RaisedInChild(reason, trace, is_hopeless=is_hopeless))
            case messages.Signalled(signal=signal):
                return HandlerEnd(None, read_error(signal))
            case messages.Cancelled():
                return HandlerEnd(None, asyncio.CancelledError())
            case (
                messages.Begin() | messages.Run() | messages.Cancel() | messages.Answer() | messages.Refusal()
            ):
                self._child.kill()
                return await self.receive()
            case call:
                return call

    def answer(self, answer: Answer) -> None:
        """See `Conversation.answer`."""
        self._child.send(messages.Answer(children=answer))

    def refuse(self, error: BaseException) -> None:
        """See `Conversation.refuse`."""
        self._child.send(messages.Refusal(error=write_error(error)))

    async def stop(self) -> HandlerEnd | None:
        """Tells the handler to end; if it does not in time, or is waited for no longer, it ends by force."""
        try:
            self._child.send(messages.Cancel())
            with suppress(TimeoutError, ChildProcessDied):
                async with asyncio.timeout(self._kill_after):
                    while not isinstance(said := await self.receive(), HandlerEnd):
                        self.refuse(asyncio.CancelledError())
                    return said
        except BaseException:
            self._child.kill()
            raise
        self._child.kill()
        return None
