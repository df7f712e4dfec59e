"""What a queue service works with while it is open."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
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
from toril.bull.schedules import QueueSchedules
from toril.jobs import Contract

HandleTools = tuple[QueueInspector, QueueAdmin, JobWatcher]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What `QueueService.connect` was given; see there."""

    url: str | None
    prefix: str
    strict: bool
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Two connections (one adds jobs, one asks for them), the watchers, the feeds, and the tasks of all.

    Attributes:
        url: where Redis is.
        connections: those of the watchers.
        ending: what is to be done when the service is left, before its tasks and connections end.
        watchers: one for all queues; of a cluster, one for each slot, as one read must keep within a slot.
    """

    settings: ServiceSettings
    url: str
    adding: Connection
    asking: Connection
    feeds: EventFeeds
    connections: AsyncExitStack
    group: asyncio.TaskGroup
    ending: ExitStack
    watchers: dict[int | None, JobWatcher] = field(default_factory=dict[int | None, JobWatcher])
    senders: dict[str, Sender] = field(default_factory=dict[str, Sender])
    inspectors: dict[str, QueueInspector] = field(default_factory=dict[str, QueueInspector])
    admins: dict[str, QueueAdmin] = field(default_factory=dict[str, QueueAdmin])
    tools: dict[str, HandleTools] = field(default_factory=dict[str, HandleTools])

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
        if queue not in self.admins:
            self.admins[queue] = QueueAdmin(self.asking, self.inspector(queue).keys)
        return self.admins[queue]

    def schedules(self, queue: str) -> QueueSchedules:
        """The schedules of a queue."""
        return QueueSchedules(self.asking, self.inspector(queue).keys)

    def watcher(self, queue: str) -> JobWatcher:
        """The watcher of a queue, which runs from its first use on."""
        slot = self.adding.slot(self.inspector(queue).keys.events)
        if slot not in self.watchers:
            reading = Connection(self.url, client_name="toril-events")
            self.connections.push_async_exit(reading)
            watcher = JobWatcher(reading, self.asking)
            self.watchers[slot] = watcher
            self.ending.callback(self.group.create_task(watcher.run()).cancel)
            self.ending.callback(watcher.close)
        return self.watchers[slot]

    def handle(self, job_id: str, contract: Contract[Any, Any], is_new: bool = True) -> JobHandle[Any]:
        """A handle of a job, whether it exists or not."""
        return JobHandle(job_id, contract, *self._tools(contract.queue.name), is_new=is_new)

    def flow_handle(
        self, job_id: str, contract: Contract[Any, Any], children: Sequence[FlowHandle[Any]]
    ) -> FlowHandle[Any]:
        """A handle of a job with those of its children."""
        return FlowHandle(job_id, contract, *self._tools(contract.queue.name), children)

    def _tools(self, queue: str) -> HandleTools:
        """What the handles of a queue's jobs work with: looked up for each of them."""
        if queue not in self.tools:
            self.tools[queue] = self.inspector(queue), self.admin(queue), self.watcher(queue)
        return self.tools[queue]


@asynccontextmanager
async def open_session(settings: ServiceSettings) -> AsyncGenerator[Session]:
    """Connects; at the end, all who wait are told ServiceClosed before the connections are closed.

    Raises:
        as `QueueService.__aenter__`.
    """
    with broker_url(settings.url) as url:
        async with (
            await Connection.open(
                url, client_name="toril-backend", pipelines=True, strict=settings.strict
            ) as adding,
            Connection(url, client_name="toril-backend") as asking,
            AsyncExitStack() as connections,
            asyncio.TaskGroup() as group,
            EventFeeds(url) as feeds,
        ):
            with ExitStack() as ending:
                yield Session(
                    settings=settings,
                    url=url,
                    adding=adding,
                    asking=asking,
                    feeds=feeds,
                    connections=connections,
                    group=group,
                    ending=ending,
                )
