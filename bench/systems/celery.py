"""Celery, acknowledging late: `python -m bench.systems.celery <broker URL>`.

Its worker is a program of its own, with processes up to PROCESSES at a time and threads beyond.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from bench.systems.protocol import (
    BLOCKING,
    DELAY,
    DELAYED,
    IDLE_CONCURRENCY,
    JOB_NAME,
    LOOK_ASIDE_EVERY,
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
from bench.systems.system import Handler, Start, System, microseconds, until_completed

celery, psutil, redis = required("celery"), required("psutil"), required("redis")

PROCESSES = 10
NO_QUEUE = "none"
RESULTS = "celery-task-meta-*"
WORKER = "worker"
COMES_UP_WITHIN = 60.0
STOPS_WITHIN = 10.0


class CeleryClient:
    def __init__(self, url: str, connection: Any) -> None:
        self.app = application(url)
        self._connection = connection

    async def add(self, stamp: int, text: str = TEXT) -> Any:
        return self.app.tasks[JOB_NAME].apply_async((stamp, text), queue=QUEUE)

    async def add_many(self, count: int, text: str, kind: str) -> None:
        options: dict[str, Any] = {"countdown": DELAY} if kind == DELAYED else {}
        for stamp in range(count):
            self.app.tasks[JOB_NAME].apply_async((stamp, text), queue=QUEUE, **options)

    async def result(self, added: Any) -> object:
        return added.get(timeout=10)

    async def are_completed(self, count: int) -> bool:
        return len(self._connection.keys(RESULTS)) >= count

    def results(self) -> list[Any]:
        """Those of all jobs, in the order in which they ended."""
        stored = [json.loads(each) for each in self._connection.mget(self._connection.keys(RESULTS))]
        return [each["result"] for each in sorted(stored, key=lambda each: each["date_done"])]


class Celery(System):
    lacks: ClassVar[Mapping[str, str]] = NO_BULK_CALL | BLOCKING | NO_PARENT | NO_KEY | NO_PRIORITY

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._spent = 0.0

    def processor_time(self) -> float:
        """What this process used, and its workers while they were measured."""
        return time.process_time() + self._spent

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[CeleryClient]:
        with redis.Redis.from_url(self._url, socket_timeout=None) as connection:
            client = CeleryClient(self._url, connection)
            yield client
            client.app.close()

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        app = application(self._url)
        name = f"bench-{os.getpid()}-{time.monotonic_ns()}@localhost"
        process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "bench.systems.celery",
                self._url,
                WORKER,
                name,
                str(concurrency),
            ),
            stdout=sys.stderr,
        )
        try:
            await asyncio.to_thread(_until_it_answers, app, name)
            before = _used(process.pid)
            yield lambda: app.control.add_consumer(QUEUE, destination=[name])
            self._spent += _used(process.pid) - before
        finally:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOPS_WITHIN)
            except TimeoutError:
                process.kill()
                await process.wait()
            app.close()

    async def process(self, count: int, concurrency: int, alone: bool = True, before: int = 0) -> float:
        async with self.client() as client, self.worker(microseconds_late, concurrency) as start:
            begin = time.perf_counter()
            start()
            await until_completed(client, before + count, LOOK_ASIDE_EVERY)
            return time.perf_counter() - begin

    async def pickup(self, count: int) -> list[float]:
        async with self.client() as client, self.worker(microseconds_late, IDLE_CONCURRENCY) as start:
            start()
            await until_completed(client, count, LOOK_ASIDE_EVERY)
            return [late / 1e6 for late in client.results()]


def application(url: str) -> Any:
    """The application that producer and worker share."""
    socket = url.replace("unix://", "redis+socket://")
    app = celery.Celery("bench", broker=socket, backend=socket)
    app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)

    def note(stamp: int, text: str) -> int:
        return microseconds_late(stamp)

    app.task(name=JOB_NAME, shared=False)(note)
    app.finalize()
    return app


def microseconds_late(stamp: int) -> int:
    """What a handler answers with, as it runs in another process than the one that is asked."""
    return microseconds() - stamp


def _until_it_answers(app: Any, name: str) -> None:
    deadline = time.monotonic() + COMES_UP_WITHIN
    while not app.control.ping(destination=[name], timeout=0.2):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} does not answer after {COMES_UP_WITHIN} s")


def _used(process_id: int) -> float:
    """Seconds of processor that a worker and its children have used."""
    worker = psutil.Process(process_id)
    times = [each.cpu_times() for each in (worker, *worker.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def work(url: str, name: str, concurrency: int) -> None:
    """Runs a worker that consumes nothing until it is told to."""
    pool = "prefork" if concurrency <= PROCESSES else "threads"
    options = ["-P", pool, "-c", str(concurrency), "-Q", NO_QUEUE, "-n", name, "-l", "WARNING"]
    application(url).worker_main(["--quiet", "worker", *options])


if __name__ == "__main__":
    if WORKER in sys.argv:
        work(sys.argv[1], sys.argv[3], int(sys.argv[4]))
    else:
        run(serve(Celery(sys.argv[1]), "celery", "kombu", "redis"))
