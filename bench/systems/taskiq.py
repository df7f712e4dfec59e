"""taskiq on a Redis stream: `python -m bench.systems.taskiq <broker URL>`.

Jobs are acknowledged once their result is saved.
"""

import logging
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from bench.systems.protocol import (
    JOB_NAME,
    NO_BULK_CALL,
    NO_DELAY,
    NO_KEY,
    NO_PARENT,
    NO_PRIORITY,
    QUEUE,
    TEXT,
    required,
    run,
    serve,
)
from bench.systems.system import Handler, Start, System, at_once, cancelled_at_the_end

redis, acks = required("redis.asyncio"), required("taskiq.acks")
receiver, taskiq_redis = required("taskiq.api.receiver"), required("taskiq_redis")

GROUP = "taskiq"


class TaskiqClient:
    def __init__(self, note: Any, client: Any) -> None:
        self._note = note
        self._client = client

    async def add(self, stamp: int, text: str = TEXT) -> Any:
        return await self._note.kiq(stamp, text)

    async def add_many(self, count: int, text: str, kind: str) -> None:
        await at_once(lambda stamp: self.add(stamp, text), count)

    async def result(self, added: Any) -> object:
        return (await added.wait_result(check_interval=0.001, timeout=10)).return_value

    async def are_completed(self, count: int) -> bool:
        (group,) = await self._client.xinfo_groups(QUEUE)
        return (group["entries-read"] or 0) - group["pending"] >= count


class Taskiq(System):
    lacks: ClassVar[Mapping[str, str]] = NO_BULK_CALL | NO_PARENT | NO_KEY | NO_PRIORITY | NO_DELAY

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[TaskiqClient]:
        async with (
            self._broker(lambda stamp: stamp) as (_, note),
            redis.Redis.from_url(self._url) as client,
        ):
            yield TaskiqClient(note, client)

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        async with self._broker(handler) as (broker, _):

            async def work() -> None:
                await receiver.run_receiver_task(
                    broker, max_async_tasks=concurrency, ack_time=acks.AcknowledgeType.WHEN_SAVED
                )

            async with cancelled_at_the_end(work) as start:
                yield start

    @asynccontextmanager
    async def _broker(self, handler: Handler) -> AsyncGenerator[tuple[Any, Any]]:
        """A broker, and the task that it has registered."""
        results = taskiq_redis.RedisAsyncResultBackend(self._url)
        broker = taskiq_redis.RedisStreamBroker(
            self._url, queue_name=QUEUE, consumer_group_name=GROUP
        ).with_result_backend(results)

        async def note(stamp: int, text: str) -> int:
            return handler(stamp)

        task = broker.register_task(note, task_name=JOB_NAME)
        await broker.startup()
        try:
            yield broker, task
        finally:
            await broker.shutdown()


if __name__ == "__main__":
    logging.getLogger("taskiq").setLevel(logging.ERROR)  # it warns of every worker that is stopped
    run(serve(Taskiq(sys.argv[1]), "taskiq", "taskiq-redis", "redis"))
