"""Handlers that block: each run has a thread of its own."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from typing import Any, NamedTuple

from toril.bull.children import EndedChild
from toril.bull.intake import TakenJob
from toril.worker.context import JobContext
from toril.worker.handler import RunnableHandler
from toril.worker.isolation.attending import Answer, HandlerEnd, attend
from toril.worker.isolation.calls import Calls
from toril.worker.isolation.context import BlockingJobContext
from toril.worker.isolation.messages import Call


class ThreadJob(NamedTuple):
    """A job, and what its handler is given."""

    job: TakenJob
    payload: Any


class ThreadHandler:
    """Runs a plain function in threads, at most as many as the worker has places."""

    def __init__(self, handler: RunnableHandler, queue: str, calls: Calls) -> None:
        self._handler = handler
        self._queue = queue
        self._calls = calls
        self.timeout = handler.timeout

    def read(self, job: TakenJob) -> ThreadJob:
        """See `Handler.read`."""
        return ThreadJob(job, self._handler.read(job))

    async def function(self, taken: ThreadJob, context: JobContext) -> Any:
        """What the function returned.

        Once it is cancelled, this waits for as long as the function goes on: nothing can end a thread.

        Raises:
            BaseException: whatever the function raised.
        """
        conversation = ThreadConversation(asyncio.get_running_loop())
        blocking = BlockingJobContext(taken.job, self._queue, conversation)
        work = partial(self._handler.function, taken.payload, blocking)
        # A daemon, as one that never ends must not hold up the end of the process.
        threading.Thread(
            target=copy_context().run,
            args=(conversation.work, work),
            name=f"toril-job-{taken.job.id}",
            daemon=True,
        ).start()
        return await attend(conversation, lambda call: self._calls.perform(call, taken.job, context))

    def write(self, job: TakenJob, result: Any) -> bytes:
        """See `Handler.write`."""
        return self._handler.write(job, result)


class ThreadConversation:
    """Between the task of a run, on the event loop, and its handler, in a thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._process = os.getpid()
        self._loop = loop
        self._said: asyncio.Queue[Call | HandlerEnd] = asyncio.Queue()
        self._cancelled = threading.Event()
        self._turn = threading.Lock()
        self._answer: Future[Answer] = Future()

    # The thread's side

    def work(self, function: Callable[[], Any]) -> None:
        """Runs the function, and tells how it ended."""
        try:
            end = HandlerEnd(function())
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the task of the run
            end = HandlerEnd(None, error)
        if os.getpid() != self._process:
            os._exit(1)  # a copy that the handler forked off, and that came back from it
        self._say(end)

    @property
    def is_cancelled(self) -> bool:
        """Whether the run is to end."""
        return self._cancelled.is_set()

    def call(self, call: Call) -> list[EndedChild] | None:
        """See `Link.call`."""
        with self._turn:  # the handler may have threads of its own
            if self._cancelled.is_set():
                raise asyncio.CancelledError
            self._answer = Future()
            if not self._say(call):
                raise asyncio.CancelledError
            return self._answer.result()

    def _say(self, said: Call | HandlerEnd) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._said.put_nowait, said)
        except RuntimeError:  # the loop is closed: the worker did not wait for this thread
            return False
        return True

    # The task's side

    async def receive(self) -> Call | HandlerEnd:
        """See `Conversation.receive`."""
        return await self._said.get()

    def answer(self, answer: Answer) -> None:
        """See `Conversation.answer`."""
        self._answer.set_result(answer)

    def refuse(self, error: BaseException) -> None:
        """See `Conversation.refuse`."""
        self._answer.set_exception(error)

    async def stop(self) -> HandlerEnd:
        """Tells the handler to end, and waits until it has; being cancelled once more changes nothing."""
        self._cancelled.set()
        while True:
            try:
                said = await self._said.get()
            except asyncio.CancelledError:
                continue
            if isinstance(said, HandlerEnd):
                return said
            self.refuse(asyncio.CancelledError())
