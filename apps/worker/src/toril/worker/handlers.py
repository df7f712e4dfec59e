"""Which function runs which job."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar, overload

from toril.jobs import HasContract, Queue
from toril.types import CustomBackoff
from toril.worker.errors import DuplicateBackoff, DuplicateHandler, NoHandlers, UnknownBackoff
from toril.worker.handler import (
    BlockingFunction,
    BlockingRawFunction,
    Elsewhere,
    Handler,
    HandlerFunction,
    RawFunction,
    RawHandler,
    RegisteredHandler,
    RunnableHandler,
    RunsIn,
    check_function,
    place_of,
)
from toril.worker.retrying import BackoffStrategy

J = TypeVar("J")
R = TypeVar("R")
H = TypeVar("H", bound=RunnableHandler)
K = TypeVar("K", bound=RunnableHandler)
Strategy = TypeVar("Strategy", bound=BackoffStrategy)


@dataclass(frozen=True, slots=True)
class QueueHandlers(Generic[H]):
    """What an application does with the jobs of one queue.

    Attributes:
        by_name: the handlers of contracts.
        otherwise: the handler of all other jobs, if there is one.
        backoffs: custom backoffs by their kind.
    """

    by_name: Mapping[str, H]
    otherwise: H | None
    backoffs: Mapping[str, BackoffStrategy]

    def __bool__(self) -> bool:
        return bool(self.by_name) or self.otherwise is not None

    @property
    def names(self) -> list[str]:
        """The names of the jobs that have a handler of their own."""
        return list(self.by_name)

    @property
    def served(self) -> list[str]:
        """For people: those names, and "*" where all others have a handler too."""
        return sorted(self.by_name) + (["*"] if self.otherwise else [])

    @property
    def all(self) -> list[H]:
        """The handlers, in no order that means anything."""
        return [*self.by_name.values(), *([self.otherwise] if self.otherwise else [])]

    def find(self, name: str) -> H | None:
        """The handler of a job of this name."""
        return self.by_name.get(name, self.otherwise)

    def replaced(self, replace: Callable[[H], K]) -> "QueueHandlers[K]":
        """The same with other handlers in their places."""
        by_name = {name: replace(handler) for name, handler in self.by_name.items()}
        otherwise = replace(self.otherwise) if self.otherwise else None
        return QueueHandlers(MappingProxyType(by_name), otherwise, self.backoffs)


class Handlers:
    """The handlers of an application, registered by decorator:

        handlers = Handlers()

        @handlers.handles(EmbedDocument)
        async def embed(job: EmbedDocument, context: JobContext) -> Embedded: ...

    Type checkers refuse a function whose job or result is not the contract's.
    """

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], Handler] = {}
        self._otherwise: dict[str, RawHandler] = {}
        self._backoffs: dict[str, BackoffStrategy] = {}

    @overload
    def handles(
        self, contract: HasContract[J, R]
    ) -> Callable[[HandlerFunction[J, R]], HandlerFunction[J, R]]: ...
    @overload
    def handles(
        self, contract: HasContract[J, R], *, runs_in: Elsewhere
    ) -> Callable[[BlockingFunction[J, R]], BlockingFunction[J, R]]: ...
    def handles(self, contract: HasContract[Any, Any], *, runs_in: RunsIn = "loop") -> Any:
        """Registers the decorated function as the one that runs the contract's jobs.

        Args:
            runs_in: where. "loop" is the event loop, for a coroutine function. The others are for plain
                functions, which are given a `BlockingJobContext`: "thread" for one that blocks, each run in a
                thread of its own; "process" for one that computes, in a child process that imports it.

        Raises:
            DuplicateHandler: the contract has a handler already; the message names both places.
            UnsuitableHandler: no function of (job, context), or of the wrong kind for where it is to run.
        """

        def register(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
            check_function(function, runs_in)
            handler = Handler(contract.contract(), function, runs_in)
            key = handler.contract.key
            if key in self._by_key:
                raise DuplicateHandler(*key, place_of(self._by_key[key].function), place_of(function))
            self._by_key[key] = handler
            return function

        return register

    @overload
    def otherwise(self, queue: Queue) -> Callable[[RawFunction], RawFunction]: ...
    @overload
    def otherwise(
        self, queue: Queue, *, runs_in: Elsewhere
    ) -> Callable[[BlockingRawFunction], BlockingRawFunction]: ...
    def otherwise(self, queue: Queue, *, runs_in: RunsIn = "loop") -> Any:
        """Registers the decorated function as the one that runs every other job of a queue.

        It is given the job's record, whose `data` is the JSON that stands in Redis, and returns any JSON
        value. With it, no job of the queue is unknown.

            @handlers.otherwise(documents)
            async def anything(job: JobRecord, context: JobContext) -> JsonValue: ...

        Args:
            runs_in: where, as for `handles`.

        Raises:
            DuplicateHandler: the queue has such a handler already; the message names both places.
            UnsuitableHandler: no function of (job, context), or of the wrong kind for where it is to run.
        """

        def register(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
            check_function(function, runs_in)
            earlier = self._otherwise.setdefault(queue.name, RawHandler(queue, function, runs_in))
            if earlier.function is not function:
                raise DuplicateHandler(queue.name, "*", place_of(earlier.function), place_of(function))
            return function

        return register

    def backoff(self, kind: str) -> Callable[[Strategy], Strategy]:
        """Registers the decorated function as the strategy of a custom backoff: BullMQ's `backoffStrategy`.

        It is called as each attempt of a job fails whose backoff is of this kind and that has attempts left,
        and says how many seconds to wait; None, or less than 0, fails the job for good.

            @handlers.backoff("polite")
            def polite(attempts_made: int, error: BaseException) -> float | None: ...

        Raises:
            ValueError: `kind` is empty, too long, or one of BullMQ's own.
            DuplicateBackoff: the kind has a strategy already.
        """
        CustomBackoff(kind)

        def register(strategy: Strategy) -> Strategy:
            if self._backoffs.setdefault(kind, strategy) is not strategy:
                raise DuplicateBackoff(kind)
            return strategy

        return register

    def of_queue(self, queue: Queue) -> QueueHandlers[RegisteredHandler]:
        """What is done with the jobs of one queue."""
        by_name: dict[str, RegisteredHandler] = {
            name: handler for (of, name), handler in self._by_key.items() if of == queue.name
        }
        return QueueHandlers(
            MappingProxyType(by_name),
            self._otherwise.get(queue.name),
            MappingProxyType(dict(self._backoffs)),
        )

    def require(self, queue: Queue) -> QueueHandlers[RegisteredHandler]:
        """What is done with the jobs of one queue; there is at least one handler.

        Raises:
            NoHandlers: there is none; the error names the queues that are served.
            UnknownBackoff: a contract asks for a backoff that no strategy makes.
            HandlerNotImportable: a handler is to run in child processes, which cannot import it.
        """
        found = self.of_queue(queue)
        if not found:
            raise NoHandlers(queue.name, [each.name for each in self.queues()])
        for name in found.names:
            backoff = self._by_key[queue.name, name].contract.retry.backoff
            if isinstance(backoff, CustomBackoff) and backoff.kind not in self._backoffs:
                raise UnknownBackoff(queue.name, name, backoff.kind)
        for handler in found.all:
            if handler.runs_in == "process":
                handler.reference()
        return found

    def queues(self) -> list[Queue]:
        """The queues that at least one handler serves, by name."""
        found = {of: raw.queue for of, raw in self._otherwise.items()}
        found |= {handler.contract.queue.name: handler.contract.queue for handler in self._by_key.values()}
        return [found[name] for name in sorted(found)]
