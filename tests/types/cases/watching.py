"""An application that watches its queues, against the real packages."""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_type

from toril.backend import ChildState, QueueEvents, QueueMetrics, QueueService
from toril.jobs import Queue
from toril.types import JobEvent, JobRecord, JobState

tiles = Queue("types-watching-tiles")


async def follow() -> None:
    async with QueueService.connect("redis://localhost") as queues, queues.events(tiles, after="0") as events:
        assert_type(events, QueueEvents)
        async for event in events:
            assert_type(event, JobEvent)
            assert_type(event.due_at, datetime | None)
            assert_type(event.previous, JobState | None)
        await queues.publish_event(tiles, "repainted", {"by": "anna"})
        await queues.publish_event(tiles, "repainted", {"by": 7})  # error: str


async def look(queues: QueueService) -> None:
    inspector = queues.inspect(tiles)
    assert_type(await inspector.oldest(), Mapping[JobState, float])
    assert_type(await inspector.jobs([JobState.WAITING, JobState.FAILED]), list[JobRecord])
    assert_type(await inspector.metrics(JobState.COMPLETED), QueueMetrics)
    async for child in inspector.each_child("7", ChildState.PROCESSED):
        assert_type(child.result, str | None)
    await inspector.metrics(JobState.WAITING)  # error: JobState
