"""The task of a run whose handler is elsewhere: it carries out what that calls for, until it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from toril.bull.children import EndedChild
from toril.worker.isolation.messages import Call
from toril.worker.signals import RunEnded

Answer = list[EndedChild] | None


class HandlerEnd(NamedTuple):
    """How a handler ended: what it returned, or what it raised."""

    result: Any
    error: BaseException | None = None


class Conversation(Protocol):
    """What is said between the task of a run and its handler."""

    async def receive(self) -> Call | HandlerEnd:
        """The next call, or the end.

        Raises:
            ChildProcessDied: the child process ended, and the run with it.
        """
        ...

    def answer(self, answer: Answer) -> None:
        """The call was carried out."""
        ...

    def refuse(self, error: BaseException) -> None:
        """The call raised this."""
        ...

    async def stop(self) -> HandlerEnd | None:
        """Has the handler end, and waits; None if it had to be ended by force."""
        ...


async def attend(conversation: Conversation, perform: Callable[[Call], Awaitable[Answer]]) -> Any:
    """Carries out one call after the other until the handler ends; what it returned.

    Raises:
        ChildProcessDied: the child process ended in mid-run.
        CancelledError: the run was cancelled.
        BaseException: whatever the handler raised.
    """
    try:
        while not isinstance(said := await conversation.receive(), HandlerEnd):
            await _carry_out(said, conversation, perform)
    except asyncio.CancelledError:
        ended = await conversation.stop()
        if ended is None:
            raise
        said = ended
    if said.error is not None:
        raise said.error
    return said.result


async def _carry_out(
    call: Call, conversation: Conversation, perform: Callable[[Call], Awaitable[Answer]]
) -> None:
    try:
        answer = await perform(call)
    except asyncio.CancelledError as cancelled:
        conversation.refuse(cancelled)
        raise
    except (Exception, RunEnded) as error:  # noqa: BLE001 - it is the handler's to deal with
        conversation.refuse(error)
    else:
        conversation.answer(answer)
