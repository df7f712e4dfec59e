"""dramatiq: `python -m bench.systems.dramatiq <broker URL>`.

It acknowledges late as it is. One thread a job.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from bench.systems.protocol import (
    BLOCKING,
    DELAY,
    DELAYED,
    JOB_NAME,
    NO_BULK_CALL,
    NO_KEY,
    NO_PARENT,
    NO_PRIORITY,
    QUEUE,
    TEXT,
    required,
    run,
    serve,
)
from bench.systems.system import Handler, Start, System

dramatiq, brokers = required("dramatiq"), required("dramatiq.brokers.redis")
results, backends = required("dramatiq.results"), required("dramatiq.results.backends")

DELAYED_QUEUE = f"{QUEUE}.DQ"
STOPS_WITHIN_MS = 5_000


class DramatiqClient:
    def __init__(self, broker: Any, note: Any) -> None:
        self._broker = broker
        self._note = note

    async def add(self, stamp: int, text: str = TEXT) -> Any:
        return self._note.send(stamp, text)

    async def add_many(self, count: int, text: str, kind: str) -> None:
        delay = round(DELAY * 1000) if kind == DELAYED else None
        for stamp in range(count):
            self._note.send_with_options(args=(stamp, text), delay=delay)

    async def result(self, added: Any) -> object:
        return added.get_result(block=True, timeout=10_000)

    async def are_completed(self, count: int) -> bool:
        return self._broker.do_qsize(QUEUE) + self._broker.do_qsize(DELAYED_QUEUE) == 0


class Dramatiq(System):
    lacks: ClassVar[Mapping[str, str]] = NO_BULK_CALL | BLOCKING | NO_PARENT | NO_KEY | NO_PRIORITY

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[DramatiqClient]:
        broker, note = self._broker(lambda stamp: stamp)
        dramatiq.set_broker(broker)
        yield DramatiqClient(broker, note)
        broker.close()

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        broker, _ = self._broker(handler)
        worker = dramatiq.Worker(broker, worker_threads=concurrency)
        yield worker.start
        await asyncio.to_thread(worker.stop, STOPS_WITHIN_MS)
        broker.close()

    def _broker(self, handler: Handler) -> tuple[Any, Any]:
        """A broker, and the actor that it has declared."""
        broker = brokers.RedisBroker(url=self._url)
        broker.add_middleware(results.Results(backend=backends.RedisBackend(url=self._url)))

        def note(stamp: int, text: str) -> int:
            return handler(stamp)

        actor = dramatiq.actor(note, broker=broker, actor_name=JOB_NAME, queue_name=QUEUE, store_results=True)
        return broker, actor


if __name__ == "__main__":
    run(serve(Dramatiq(sys.argv[1]), "dramatiq", "redis"))
