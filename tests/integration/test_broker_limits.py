"""A server that cannot serve for a while: the producer is told what to do, the worker resumes by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.jobs import Paint, Painted
from support.waiting import eventually
from support.workshop import QUICK, running_worker
from toril.backend import BrokerUnavailable, JobHandle, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.thread_connection import ThreadConnection
from toril.worker import Handlers, JobContext

# No lock runs out while a server is limited.
PATIENT = replace(QUICK, lock_duration=20.0)


@asynccontextmanager
async def full_memory(admin: Connection) -> AsyncIterator[None]:
    await admin.execute("CONFIG", "SET", "maxmemory", 1)
    yield
    await admin.execute("CONFIG", "SET", "maxmemory", 0)


@asynccontextmanager
async def replica(admin: Connection) -> AsyncIterator[None]:
    await admin.execute("REPLICAOF", "127.0.0.1", 1)
    yield
    await admin.execute("REPLICAOF", "NO", "ONE")


@asynccontextmanager
async def replica_without_master(admin: Connection) -> AsyncIterator[None]:
    await admin.execute("CONFIG", "SET", "replica-serve-stale-data", "no")
    async with replica(admin):
        yield


@asynccontextmanager
async def too_few_replicas(admin: Connection) -> AsyncIterator[None]:
    await admin.execute("CONFIG", "SET", "min-replicas-to-write", 1)
    yield
    await admin.execute("CONFIG", "SET", "min-replicas-to-write", 0)


@asynccontextmanager
async def endless_script(admin: Connection) -> AsyncIterator[None]:
    await admin.execute("CONFIG", "SET", "lua-time-limit", 50)
    [node] = await admin.nodes()
    async with Connection(f"unix://{node.server.path}") as busy:
        running = asyncio.create_task(busy.execute("EVAL", "while true do end", 0, timeout=None))
        await eventually(lambda: _refuses(admin, "BUSY"))
        yield
        await admin.execute("SCRIPT", "KILL")
        await asyncio.wait([running])
        running.exception()


async def _refuses(admin: Connection, code: str) -> bool:
    try:
        await admin.execute("GET", "key")
    except BrokerUnavailable as error:
        return code in error.reason
    return False


@asynccontextmanager
async def new_password(admin: Connection) -> AsyncIterator[None]:
    await admin.execute("CONFIG", "SET", "requirepass", "changed")
    # Those who are let in already stay; whoever connects again is not.
    await admin.execute("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await admin.execute("CLIENT", "KILL", "TYPE", "pubsub")
    yield
    await admin.execute("CONFIG", "SET", "requirepass", "")


@asynccontextmanager
async def broken_disk(admin: Connection) -> AsyncIterator[None]:
    _, folder = await admin.execute("CONFIG", "GET", "dir")
    # A snapshot cannot take the place of a folder.
    obstacle = Path(folder.decode()) / "dump.rdb"
    obstacle.mkdir()
    await admin.execute("CONFIG", "SET", "save", "3600 1")
    await admin.execute("BGSAVE")
    await eventually(lambda: _last_save_was(admin, b"err"))
    yield
    obstacle.rmdir()
    await admin.execute("BGSAVE")
    await eventually(lambda: _last_save_was(admin, b"ok"))


async def _last_save_was(admin: Connection, status: bytes) -> bool:
    return b"rdb_last_bgsave_status:" + status in await admin.execute("INFO", "persistence")


Limit = Callable[[Connection], AbstractAsyncContextManager[None]]
LIMITS: dict[str, tuple[Limit, str]] = {
    "full memory": (full_memory, r"its memory is full \(OOM\): raise its maxmemory"),
    "a replica": (replica, r"it is a read-only replica \(READONLY\): connect to its master"),
    "a replica without its master": (replica_without_master, r"\(MASTERDOWN\): .*promote|\(READONLY\)"),
    "too few replicas": (too_few_replicas, r"it has too few replicas to take writes \(NOREPLICAS\): "),
    "an endless script": (endless_script, r"it is busy with a script .*\(BUSY\): end that with SCRIPT KILL"),
    "a new password": (new_password, r"it wants a password \(NOAUTH\): put that into the URL|WRONGPASS"),
    "a broken disk": (broken_disk, r"it cannot write to its disk \(MISCONF\): make room there"),
}
every_limit = pytest.mark.parametrize(("limit", "told"), LIMITS.values(), ids=LIMITS)


@pytest.fixture
async def limited(server: Path, tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path, program=server) as broker:
        yield broker


@pytest.fixture
async def admin(limited: EmbeddedBroker) -> AsyncIterator[Connection]:
    async with await Connection.open(limited.url) as connection:
        yield connection


@every_limit
async def test_the_producer_is_told_what_is_wrong_and_what_to_do(
    limited: EmbeddedBroker, admin: Connection, limit: Limit, told: str
) -> None:
    async with QueueService.connect(limited.url) as queues:
        await queues.enqueue(Paint(colour="before"))
        async with limit(admin):
            with pytest.raises(BrokerUnavailable, match=told):
                await queues.enqueue(Paint(colour="red"))
            with pytest.raises(BrokerUnavailable, match=told):
                await queues.enqueue_many([Paint(colour="red"), Paint(colour="blue")])
        await queues.enqueue(Paint(colour="after"))
        assert sum((await queues.inspect("paint").counts()).by_state.values()) == 2


@every_limit
async def test_the_worker_keeps_what_it_runs_and_resumes_by_itself(
    limited: EmbeddedBroker, admin: Connection, limit: Limit, told: str
) -> None:
    starts: list[str] = []
    ends = asyncio.Event()
    handlers = Handlers()

    @handlers.handles(Paint)
    async def paint_it(job: Paint, context: JobContext) -> Painted:
        starts.append(job.colour)
        if job.colour == "under way":
            await ends.wait()
        return Painted(colour=job.colour, attempt=context.attempt)

    async with (
        QueueService.connect(limited.url) as queues,
        running_worker(limited.url, "bull", handlers=handlers, settings=PATIENT) as worker,
    ):
        under_way = await queues.enqueue(Paint(colour="under way"))
        later = await queues.enqueue(Paint(colour="later"), delay=0.3)
        await eventually(lambda: starts == ["under way"])
        async with limit(admin):
            ends.set()
            await eventually(lambda: not worker.is_ready)
        await ran_once(under_way)
        await ran_once(later)
        await ran_once(await queues.enqueue(Paint(colour="after")))
        assert worker.is_ready
    assert sorted(starts) == ["after", "later", "under way"]


async def test_a_full_memory_takes_no_new_jobs_and_those_that_wait_are_run(
    limited: EmbeddedBroker, admin: Connection
) -> None:
    handlers = Handlers()

    @handlers.handles(Paint)
    async def paint_it(job: Paint, context: JobContext) -> Painted:
        return Painted(colour=job.colour, attempt=context.attempt)

    async with QueueService.connect(limited.url) as queues:
        async with running_worker(limited.url, "bull", handlers=handlers, settings=PATIENT):
            # The functions are loaded, which a full memory refuses.
            await ran_once(await queues.enqueue(Paint(colour="before")))
        waiting = await queues.enqueue_many(Paint(colour=f"red {number}") for number in range(30))
        async with (
            full_memory(admin),
            running_worker(limited.url, "bull", handlers=handlers, settings=PATIENT),
        ):
            with pytest.raises(BrokerUnavailable, match="its memory is full"):
                await queues.enqueue(Paint(colour="blue"))
            for handle in waiting:
                await ran_once(handle)


async def ran_once(handle: JobHandle[Painted]) -> None:
    await handle.result(timeout=30)
    record = await handle.record()
    assert (record.attempts_started, record.stalled_count) == (1, 0)


async def test_a_server_that_loads_its_data_is_waited_for(
    limited: EmbeddedBroker, admin: Connection, server: Path
) -> None:
    async with (
        QueueService.connect(limited.url) as queues,
        running_worker(limited.url, "bull", settings=PATIENT) as worker,
    ):
        await ran_once(await queues.enqueue(Paint(colour="before")))
        async with loading(admin, server):
            with pytest.raises(BrokerUnavailable, match=r"it is loading its data \(LOADING\): try again"):
                await queues.enqueue(Paint(colour="meanwhile"))
            await eventually(lambda: not worker.is_ready)
        await ran_once(await queues.enqueue(Paint(colour="after")))


@asynccontextmanager
async def loading(admin: Connection, server: Path) -> AsyncIterator[None]:
    """The server becomes a replica and loads its master's data, slowly; then it is the master of that."""
    with EmbeddedBroker(port=0, program=server) as master:
        with ThreadConnection.open(master.url) as seeding:
            seeding.execute("CONFIG", "SET", "repl-diskless-sync-delay", 0)
            seeding.execute("CONFIG", "SET", "rdbcompression", "no")
            # A server that loads looks at its clients after every two megabytes.
            fill = "local x = string.rep('x', 4096) for i = 1, 4000 do redis.call('SET', i, x .. i) end"
            seeding.execute("EVAL", fill, 0)
        login, _, address = master.url.rpartition("@")
        await admin.execute("CONFIG", "SET", "masterauth", login.removeprefix("redis://:"))
        await admin.execute("CONFIG", "SET", "key-load-delay", 1000)
        await admin.execute("REPLICAOF", *address.split(":"))
        await eventually(lambda: _refuses(admin, "LOADING"))
        yield
        await eventually(lambda: _is_loaded(admin))
        await admin.execute("REPLICAOF", "NO", "ONE")


async def _is_loaded(admin: Connection) -> bool:
    report = await admin.execute("INFO")
    return b"loading:0" in report and b"master_link_status:up" in report


async def test_scripts_that_are_flushed_again_and_again_stop_nobody(
    limited: EmbeddedBroker, admin: Connection
) -> None:
    async with QueueService.connect(limited.url) as queues, running_worker(limited.url, "bull"):
        for number in range(20):
            await admin.execute("SCRIPT", "FLUSH")
            await ran_once(await queues.enqueue(Paint(colour=f"red {number}")))
