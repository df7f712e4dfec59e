"""Which function runs which job."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from toril.jobs import HasContract, Queue
from toril.types import CustomBackoff
from toril.worker.errors import DuplicateBackoff, DuplicateHandler, NoHandlers, UnknownBackoff
from toril.worker.handler import Handler, HandlerFunction, RawFunction, RawHandler, check_function, place_of
from toril.worker.retrying import BackoffStrategy

J = TypeVar("J")
R = TypeVar("R")
Strategy = TypeVar("Strategy", bound=BackoffStrategy)


@dataclass(frozen=True, slots=True)
class QueueHandlers:
    """What an application does with the jobs of one queue.

    Attributes:
        by_name: the handlers of contracts.
        otherwise: the handler of all other jobs, if there is one.
        backoffs: custom backoffs by their kind.
    """

    by_name: Mapping[str, Handler]
    otherwise: RawHandler | None
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

    def find(self, name: str) -> Handler | RawHandler | None:
        """The handler of a job of this name."""
        return self.by_name.get(name, self.otherwise)


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

    def handles(
        self, contract: HasContract[J, R]
    ) -> Callable[[HandlerFunction[J, R]], HandlerFunction[J, R]]:
        """Registers the decorated coroutine function as the one that runs the contract's jobs.

        Raises:
            DuplicateHandler: the contract has a handler already; the message names both places.
            UnsuitableHandler: not a coroutine function of (job, context).
        """

        def register(function: HandlerFunction[J, R]) -> HandlerFunction[J, R]:
            check_function(function)
            handler = Handler(contract.contract(), function)
            key = handler.contract.key
            if key in self._by_key:
                raise DuplicateHandler(*key, place_of(self._by_key[key].function), place_of(function))
            self._by_key[key] = handler
            return function

        return register

    def otherwise(self, queue: Queue) -> Callable[[RawFunction], RawFunction]:
        """Registers the decorated coroutine function as the one that runs every other job of a queue.

        It is given the job's record, whose `data` is the JSON that stands in Redis, and returns any JSON
        value. With it, no job of the queue is unknown.

            @handlers.otherwise(documents)
            async def anything(job: JobRecord, context: JobContext) -> JsonValue: ...

        Raises:
            DuplicateHandler: the queue has such a handler already; the message names both places.
            UnsuitableHandler: not a coroutine function of (job, context).
        """

        def register(function: RawFunction) -> RawFunction:
            check_function(function)
            earlier = self._otherwise.setdefault(queue.name, RawHandler(queue, function))
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

    def of_queue(self, queue: Queue) -> QueueHandlers:
        """What is done with the jobs of one queue."""
        by_name = {name: handler for (of, name), handler in self._by_key.items() if of == queue.name}
        return QueueHandlers(
            MappingProxyType(by_name),
            self._otherwise.get(queue.name),
            MappingProxyType(dict(self._backoffs)),
        )

    def require(self, queue: Queue) -> QueueHandlers:
        """What is done with the jobs of one queue; there is at least one handler.

        Raises:
            NoHandlers: there is none; the error names the queues that are served.
            UnknownBackoff: a contract asks for a backoff that no strategy makes.
        """
        found = self.of_queue(queue)
        if not found:
            raise NoHandlers(queue.name, [each.name for each in self.queues()])
        for name, handler in found.by_name.items():
            backoff = handler.contract.retry.backoff
            if isinstance(backoff, CustomBackoff) and backoff.kind not in self._backoffs:
                raise UnknownBackoff(queue.name, name, backoff.kind)
        return found

    def queues(self) -> list[Queue]:
        """The queues that at least one handler serves, by name."""
        found = {of: raw.queue for of, raw in self._otherwise.items()}
        found |= {handler.contract.queue.name: handler.contract.queue for handler in self._by_key.values()}
        return [found[name] for name in sorted(found)]
