"""Which function runs which job."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from toril.jobs import Contract, HasContract, Queue
from toril.worker.context import JobContext
from toril.worker.errors import DuplicateHandler, NoHandlers, UnsuitableHandler

J = TypeVar("J")
R = TypeVar("R")

HandlerFunction = Callable[[J, JobContext], Awaitable[R]]


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler function and the contract whose jobs it runs."""

    contract: Contract[Any, Any]
    function: HandlerFunction[Any, Any]

    @property
    def place(self) -> str:
        """Where the function stands, for messages."""
        code = self.function.__code__ if inspect.isfunction(self.function) else None
        where = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
        return f"{self.function.__module__}.{self.function.__qualname__}{where}"


class Handlers:
    """The handlers of an application, registered by decorator:

        handlers = Handlers()

        @handlers.handles(EmbedDocument)
        async def embed(job: EmbedDocument, context: JobContext) -> Embedded: ...

    Type checkers refuse a function whose job or result is not the contract's.
    """

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], Handler] = {}

    def handles(
        self, contract: HasContract[J, R]
    ) -> Callable[[HandlerFunction[J, R]], HandlerFunction[J, R]]:
        """Registers the decorated coroutine function as the one that runs the contract's jobs.

        Raises:
            DuplicateHandler: the contract has a handler already; the message names both places.
            UnsuitableHandler: not a coroutine function of (job, context).
        """

        def register(function: HandlerFunction[J, R]) -> HandlerFunction[J, R]:
            handler = Handler(contract.contract(), function)
            _check(handler)
            key = handler.contract.key
            if key in self._by_key:
                raise DuplicateHandler(*key, self._by_key[key].place, handler.place)
            self._by_key[key] = handler
            return function

        return register

    def of_queue(self, queue: Queue) -> dict[str, Handler]:
        """The queue's handlers by job name."""
        return {name: handler for (of, name), handler in self._by_key.items() if of == queue.name}

    def require(self, queue: Queue) -> dict[str, Handler]:
        """The queue's handlers by job name; there is at least one.

        Raises:
            NoHandlers: there is none; the error names the queues that are served.
        """
        found = self.of_queue(queue)
        if not found:
            raise NoHandlers(queue.name, [each.name for each in self.queues()])
        return found

    def queues(self) -> list[Queue]:
        """The queues that at least one handler serves, by name."""
        found = {handler.contract.queue.name: handler.contract.queue for handler in self._by_key.values()}
        return [found[name] for name in sorted(found)]


def _check(handler: Handler) -> None:
    if not inspect.iscoroutinefunction(handler.function):
        raise UnsuitableHandler(handler.place, "is not a coroutine function: declare it with `async def`")
    try:
        inspect.signature(handler.function).bind(object(), object())
    except TypeError as fault:
        raise UnsuitableHandler(handler.place, f"cannot be called with (job, context): {fault}") from fault
