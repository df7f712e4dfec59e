"""What a queue service works with while it is open."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from toril.backend.services.flow_handle import FlowHandle
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.queue_events import EventFeeds
from toril.backend.services.sender import Sender
from toril.backend.services.watcher import JobWatcher
from toril.bull.admin import QueueAdmin
from toril.bull.broker_url import broker_url
from toril.bull.connection import Connection
from toril.bull.flows import FlowQueue
from toril.bull.inspect import QueueInspector
from toril.bull.keys import QueueKeys
from toril.bull.queue import JobQueue
from toril.jobs import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What `QueueService.connect` was given; see there."""

    url: str | None
    prefix: str
    strict: bool
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Two connections (one adds jobs, one asks for them), the watcher, the feeds, and the tasks of both.

    Attributes:
        ending: what is to be done when the service is left, before its tasks and connections end.
    """

    settings: ServiceSettings
    adding: Connection
    asking: Connection
    watcher: JobWatcher
    feeds: EventFeeds
    group: asyncio.TaskGroup
    ending: ExitStack
    senders: dict[str, Sender] = field(default_factory=dict[str, Sender])
    inspectors: dict[str, QueueInspector] = field(default_factory=dict[str, QueueInspector])

    def sender(self, queue: str) -> Sender:
        """The one sender of a queue, which runs from its first use on."""
        if queue not in self.senders:
            keys = QueueKeys(queue, self.settings.prefix)
            sender = Sender(JobQueue(self.adding, keys, timeout=self.settings.timeout))
            self.senders[queue] = sender
            self.ending.callback(self.group.create_task(sender.run()).cancel)
            self.ending.callback(sender.close)
        return self.senders[queue]

    @property
    def flows(self) -> FlowQueue:
        """What adds flows, to any queues."""
        return FlowQueue(self.adding, self.settings.prefix, timeout=self.settings.timeout)

    def inspector(self, queue: str) -> QueueInspector:
        """The one inspector of a queue."""
        if queue not in self.inspectors:
            self.inspectors[queue] = QueueInspector(self.asking, QueueKeys(queue, self.settings.prefix))
        return self.inspectors[queue]

    def admin(self, queue: str) -> QueueAdmin:
        """What steers a queue."""
        return QueueAdmin(self.asking, self.inspector(queue).keys)

    def handle(self, job_id: str, contract: Contract[Any, Any], is_new: bool = True) -> JobHandle[Any]:
        """A handle of a job, whether it exists or not."""
        inspector, admin = self.inspector(contract.queue.name), self.admin(contract.queue.name)
        return JobHandle(job_id, contract, inspector, admin, self.watcher, is_new=is_new)

    def flow_handle(
        self, job_id: str, contract: Contract[Any, Any], children: Sequence[FlowHandle[Any]]
    ) -> FlowHandle[Any]:
        """A handle of a job with those of its children."""
        inspector = self.inspector(contract.queue.name)
        admin = self.admin(contract.queue.name)
        return FlowHandle(job_id, contract, inspector, admin, self.watcher, children)


@asynccontextmanager
async def open_session(settings: ServiceSettings) -> AsyncGenerator[Session]:
    """Connects; at the end, all who wait are told ServiceClosed before the connections are closed.

    Raises:
        as `QueueService.__aenter__`.
    """
    with broker_url(settings.url) as url:
        async with (
            await Connection.open(url, client_name="toril-backend", strict=settings.strict) as adding,
            Connection(url, client_name="toril-backend") as asking,
            Connection(url, client_name="toril-events") as reading,
            asyncio.TaskGroup() as group,
            EventFeeds(url) as feeds,
        ):
            with ExitStack() as ending:
                watcher = JobWatcher(reading, asking)
                ending.callback(group.create_task(watcher.run()).cancel)
                ending.callback(watcher.close)
                yield Session(
                    settings=settings,
                    adding=adding,
                    asking=asking,
                    watcher=watcher,
                    feeds=feeds,
                    group=group,
                    ending=ending,
                )
