"""What the routes work with."""

import asyncio
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from typing import Any

from starlette.requests import HTTPConnection

from toril.backend.api_keys import ApiKeys, Scope
from toril.backend.errors import ServiceClosed
from toril.backend.http.access.caller import Caller
from toril.backend.http.ending import Ending
from toril.backend.http.errors import GatewayNotStarted, NotReady, Unauthorized, UnknownJobName, UnknownQueue
from toril.backend.http.metrics import GatewayMetrics
from toril.backend.http.occupancy import Occupancy
from toril.backend.http.settings import GatewaySettings
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.queue_service import QueueService
from toril.jobs import Catalog, Contract

READY_WITHIN = 2.0
STATE = "toril_gateway"
"""Where the application's lifespan keeps it."""
OCCUPIED = "toril.occupied"
"""Where a request keeps what it holds until it has been answered."""


class Gateway:
    """The contracts, the service behind them, who may call, and what is under way.

    Attributes:
        scopes: what those may do who need no key.
    """

    def __init__(
        self,
        queues: QueueService,
        contracts: Iterable[Contract[Any, Any]],
        *,
        keys: ApiKeys,
        scopes: Collection[Scope],
        settings: GatewaySettings,
    ) -> None:
        self.queues = queues
        self.catalog = Catalog(contracts)
        self.settings = settings
        self.occupancy = Occupancy(settings)
        self.ending = Ending()
        self.metrics = GatewayMetrics(self.occupancy)
        self.keys = keys
        self._anyone = Caller(key_id=None, scopes=frozenset(scopes))
        self._by_queue: dict[str, dict[str, Contract[Any, Any]]] = {}
        for contract in self.catalog:
            self._by_queue.setdefault(contract.queue.name, {})[contract.name] = contract

    @property
    def queue_names(self) -> tuple[str, ...]:
        """The queues that the contracts are for; no other can be reached."""
        return tuple(self._by_queue)

    def contract(self, queue: str, name: str) -> Contract[Any, Any]:
        """The contract of a job.

        Raises:
            UnknownQueue, UnknownJobName: there is none.
        """
        known = self._contracts(queue)
        if name not in known:
            raise UnknownJobName(queue, name, known)
        return known[name]

    def handle(self, queue: str, name: str, job_id: str) -> JobHandle[Any]:
        """The handle of a job, which reads its result by its contract, if it has one here."""
        known = self._contracts(queue)
        if name in known:
            return self.queues.handle(known[name].job_type, job_id)
        return self.queues.handle_raw(queue, job_id)

    def job_names(self, queue: str) -> list[str]:
        """The names of a queue's contracts.

        Raises:
            UnknownQueue: there are none.
        """
        return list(self._contracts(queue))

    async def check_ready(self) -> None:
        """Makes sure that requests can be served.

        Raises:
            ServiceClosed: the gateway is being stopped.
            NotReady, BrokerUnavailable: Redis does not answer, or not at once.
        """
        if self.ending.has_begun:
            raise ServiceClosed
        try:
            async with asyncio.timeout(READY_WITHIN):
                for name in self.queue_names[:1]:
                    await self.queues.inspect(name).exists()
        except TimeoutError:
            raise NotReady(READY_WITHIN) from None

    def identify(self, request: HTTPConnection) -> Caller:
        """Who asks. What their key occupies is held until the request has been answered.

        Raises:
            Unauthorized: a key is needed.
            TooManyRequests: the key has too many requests under way.
        """
        if not self.keys:
            return self._anyone
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        key = self.keys.find(secret.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise Unauthorized
        occupied: ExitStack = request.scope[OCCUPIED]
        occupied.enter_context(self.occupancy.of_key(key.id))
        return Caller.by(key)

    def _contracts(self, queue: str) -> dict[str, Contract[Any, Any]]:
        if queue not in self._by_queue:
            raise UnknownQueue(queue)
        return self._by_queue[queue]


def gateway_of(connection: HTTPConnection) -> Gateway:
    """The gateway that an application has.

    Raises:
        GatewayNotStarted: it has none, or its lifespan was not run.
    """
    gateway = getattr(connection.state, STATE, None)
    if not isinstance(gateway, Gateway):
        raise GatewayNotStarted
    return gateway
