"""A queue service as it is opened and closed, and what its abilities work with meanwhile."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from toril.backend.errors import ServiceClosed
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.sender import Sender
from toril.backend.services.session import ServiceSettings, Session, open_session
from toril.bull.keys import DEFAULT_PREFIX
from toril.bull.queue import NewJob
from toril.jobs import Contract


class OpenService:
    """Connects when it is entered; until it is left, it has a session."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._session: Session | None = None
        self._leaving = AsyncExitStack()

    @classmethod
    def connect(
        cls,
        url: str | None = None,
        *,
        prefix: str = DEFAULT_PREFIX,
        strict: bool = False,
        timeout: float = 10.0,
    ) -> Self:
        """A service that connects when it is entered.

        Args:
            url: redis://, rediss:// or unix://; by default TORIL_REDIS_URL, else the embedded broker of the
                data folder, which is started if it does not run yet.
            prefix: the first part of every key; the same as the workers'. `{bull}`-style on a cluster.
            strict: refuse a Redis that may evict keys, instead of warning about it.
            timeout: how long Redis may take to accept jobs before BrokerUnavailable is raised, in seconds.
        """
        return cls(ServiceSettings(url=url, prefix=prefix, strict=strict, timeout=timeout))

    @property
    def is_open(self) -> bool:
        """Whether it has been entered and not yet left."""
        return self._session is not None

    async def __aenter__(self) -> Self:
        """Connects.

        Raises:
            InvalidBrokerURL: the URL does not say where Redis is.
            BrokerUnavailable: Redis does not answer.
            BrokerMisconfigured: jobs would not be safe there.
            EmbeddedBrokerFailed: no URL was given, and the embedded broker did not start.
        """
        self._session = await self._leaving.enter_async_context(open_session(self._settings))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnects. Calls in flight end with ServiceClosed; the jobs that they add may have been added."""
        self._session = None
        await self._leaving.aclose()

    async def _send(self, contract: Contract[Any, Any], new: NewJob) -> JobHandle[Any]:
        """Adds one job, together with those that others add now."""
        added = await self._open_session().sender(contract.queue.name).add(new)
        return self._open_session().handle(added[0], contract, is_new=not added.known)

    def _handle(self, job_id: str, contract: Contract[Any, Any], is_new: bool) -> JobHandle[Any]:
        return self._open_session().handle(job_id, contract, is_new)

    def _sender(self, queue: str) -> Sender:
        return self._open_session().sender(queue)

    def _open_session(self) -> Session:
        if self._session is None:
            raise ServiceClosed
        return self._session
