"""Jobs that would poison a queue: each fails with a reason that says why, and the queue goes on."""

import asyncio
import gc
import io
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from pydantic import JsonValue

from support.jobs import Paint, paint
from support.proxy import Proxy
from support.waiting import eventually
from support.workshop import QUICK, is_in, running_worker, workshop
from toril.backend import JobFailed, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.jobs import Job
from toril.types import JobRecord, JobState
from toril.worker import Handlers, JobContext

DEEP = 100_000
HUGE = 50_000_000
# Whoever reads or writes so much at once keeps the locks from being renewed meanwhile.
CALM = replace(QUICK, lock_duration=12.0)


class Poison(Job[Any], queue=paint, name="poison"):
    """Its handler does what it says."""

    deed: str


async def goes_on(queues: QueueService) -> None:
    handle = await queues.enqueue(Paint(colour="red"))
    assert (await handle.result(timeout=30)).colour == "red"


async def plant(connection: Connection, keys: QueueKeys, **fields: bytes) -> str:
    """A job as anybody may write it."""
    job_id = str(await connection.execute("INCR", keys.id))
    pairs = [word for pair in fields.items() for word in pair]
    await connection.execute("HSET", keys.job(job_id), *pairs)
    await connection.execute("RPUSH", keys.wait, job_id)
    await connection.execute("ZADD", keys.marker, 0, "0")
    return job_id


# --- payloads ---

PAYLOADS = {
    "not JSON": (b"{colour: red}", "colour|JSON"),
    "nothing": (b"", "JSON|EOF"),
    "not of the contract": (b'["red"]', "Paint|object|instance"),
    "of 50 MB": (b'{"colour":"%s"}' % (b"r" * HUGE), "colour: .*100 characters"),
    "deep lists": (b'{"colour":%s}' % (b"[" * DEEP + b"]" * DEEP), "recursion limit"),
    "deep objects": (b'{"colour":' * DEEP + b"1" + b"}" * DEEP, "recursion limit"),
    "a NUL outside a text": (b'{"colour":"red"}\x00', "trailing characters"),
    "a NUL in a text": (b'{"colour":"r\x00d"}', "control character"),
    "half a character, escaped": (b'{"colour":"\\ud800"}', "hex escape"),
    "half a character, encoded": (b'{"colour":"\xed\xa0\x80"}', "unicode"),
    "no UTF-8": (b'{"colour":"\xff\xfe"}', "unicode"),
}


@pytest.mark.parametrize(("data", "reason"), PAYLOADS.values(), ids=PAYLOADS)
async def test_a_payload_that_cannot_be_read_fails_its_job(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys, data: bytes, reason: str
) -> None:
    async with workshop(broker.url, prefix, settings=CALM) as queues:
        job_id = await plant(
            connection, keys, name=b"paint", data=data, opts=b'{"attempts":5}', timestamp=b"1"
        )
        with pytest.raises(JobFailed, match=reason) as failed:
            await queues.handle(Paint, job_id).result(timeout=30)
        assert failed.value.reason.startswith("InvalidPayload: ")
        assert len(failed.value.reason) <= 10_000
        await goes_on(queues)


@pytest.mark.parametrize(("data", "reason"), PAYLOADS.values(), ids=PAYLOADS)
async def test_a_handler_of_whatever_comes_gets_it_as_it_is(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys, data: bytes, reason: str
) -> None:
    anything = Handlers()

    @anything.otherwise(paint)
    async def measure(job: JobRecord, context: JobContext) -> JsonValue:
        return len(job.data)

    async with workshop(broker.url, prefix, handlers=anything, settings=CALM) as queues:
        job_id = await plant(connection, keys, name=b"whatever", data=data, opts=b"{}", timestamp=b"1")
        assert await queues.handle_raw(paint, job_id).result(timeout=30) == len(data.decode(errors="replace"))


async def test_characters_that_are_odd_but_fit_arrive(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix, settings=CALM) as queues:
        handle = await queues.enqueue(Paint(colour="r\x00d \u2028 😀"))
        assert (await handle.result(timeout=30)).colour == "r\x00d \u2028 😀"


# --- hashes ---

IMPATIENT = replace(CALM, unknown_grace=0.05)
WHOLE = {"name": b"paint", "data": b'{"colour":"red"}', "opts": b"{}", "timestamp": b"1", "priority": b"0"}


@pytest.mark.parametrize("missing", list(WHOLE))
async def test_a_hash_with_a_field_missing_ends(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys, missing: str
) -> None:
    async with workshop(broker.url, prefix, settings=IMPATIENT) as queues:
        fields = {name: value for name, value in WHOLE.items() if name != missing}
        handle = queues.handle(Paint, await plant(connection, keys, **fields))
        if missing in ("name", "data"):
            with pytest.raises(
                JobFailed, match="no worker knew job ''" if missing == "name" else "InvalidPayload"
            ):
                await handle.result(timeout=30)
        else:
            assert (await handle.result(timeout=30)).colour == "red"
        await goes_on(queues)


@pytest.mark.parametrize("left", list(WHOLE))
async def test_a_hash_with_a_single_field_ends(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys, left: str
) -> None:
    async with workshop(broker.url, prefix, settings=IMPATIENT) as queues:
        handle = queues.handle(Paint, await plant(connection, keys, **{left: WHOLE[left]}))
        with pytest.raises(JobFailed, match=r"no worker knew job ''|InvalidPayload"):
            await handle.result(timeout=30)
        await goes_on(queues)


OPTIONS = [
    b"",
    b"no JSON",
    b"[]",
    b"null",
    b"[" * DEEP,
    b'{"attempts":"many"}',
    b'{"attempts":-1e99,"backoff":[]}',
    b'{"expiresIn":-1,"delay":"x","kl":1e400}',
]


@pytest.mark.damaging
@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
async def test_options_that_cannot_be_read_count_as_none(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys, options: bytes
) -> None:
    async with workshop(broker.url, prefix, settings=CALM) as queues:
        job_id = await plant(connection, keys, **WHOLE | {"opts": options})
        assert (await queues.handle(Paint, job_id).result(timeout=30)).colour == "red"


@pytest.mark.parametrize("name", [b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"n" * 1_000_000])
async def test_a_name_that_nobody_knows_is_put_back_and_then_failed(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys, name: bytes
) -> None:
    async with workshop(broker.url, prefix, settings=IMPATIENT) as queues:
        job_id = await plant(connection, keys, **WHOLE | {"name": name})
        with pytest.raises(JobFailed, match="no worker knew job"):
            await queues.handle(Paint, job_id).result(timeout=30)
        await goes_on(queues)


# --- handlers ---


class LastWordsError(Exception):
    """An error that does something else when it is put in words."""

    def __init__(self, say: Callable[[], Any]) -> None:
        self.say = say
        super().__init__()

    def __str__(self) -> str:
        return self.say()

    __repr__ = __str__


class Untold(BaseException):
    """No Exception, and nobody's signal."""


def fail(error: BaseException) -> NoReturn:
    raise error


def nested_error(depth: int) -> BaseException:
    error: BaseException = ValueError("the innermost")
    for _ in range(depth):
        error = ExceptionGroup("around", [error])  # type: ignore[list-item]
    return error


def chained_error(length: int) -> Exception:
    error = ValueError("the first")
    for number in range(length):
        following = ValueError(f"number {number}")
        following.__cause__ = error
        error = following
    return error


async def coroutine() -> None:
    pass


def deep_list() -> list[Any]:
    outermost: list[Any] = []
    for _ in range(DEEP):
        outermost = [outermost]
    return outermost


def endless_list() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


def forked_child() -> str:
    """What a child of the worker's returns or raises must never settle the job a second time."""
    if os.fork() == 0:
        return "the child's"
    return "the parent's"


def forked_child_that_fails() -> str:
    if os.fork() == 0:
        raise ValueError("the child's")
    return "the parent's"


DEEDS: dict[str, Callable[[], Any]] = {
    "exits": lambda: sys.exit(3),
    "interrupts": lambda: fail(KeyboardInterrupt()),
    "raises what is no Exception": lambda: fail(Untold("unheard of")),
    "ends a generator": lambda: fail(GeneratorExit()),
    "cancels itself": lambda: fail(asyncio.CancelledError()),
    "raises StopIteration": lambda: fail(StopIteration("over")),
    "raises an error without words": lambda: fail(LastWordsError(lambda: fail(RuntimeError("no words")))),
    "raises an error that exits": lambda: fail(LastWordsError(lambda: sys.exit(3))),
    "raises an error whose words are a number": lambda: fail(LastWordsError(lambda: 7)),
    "raises an error of 10 MB": lambda: fail(ValueError("no " * 3_500_000)),
    "raises half a character": lambda: fail(ValueError("\ud800 and \x00")),
    "raises a deep group": lambda: fail(nested_error(5_000)),
    "raises a long chain": lambda: fail(chained_error(20_000)),
    "recurses": lambda: deeper(0),
    "fills the memory": lambda: fail(MemoryError()),
    "returns a coroutine": coroutine,
    "returns an object": object,
    "returns a deep list": deep_list,
    "returns an endless list": endless_list,
    "returns half a character": lambda: "\ud800",
    "returns NaN": lambda: float("nan"),
    "returns bytes": lambda: b"\xff\xfe",
    "returns too much": lambda: "x" * (65 * 1024 * 1024),
}
REASONS = {
    "exits": "HandlerStopped: .*SystemExit",
    "interrupts": "HandlerStopped: .*KeyboardInterrupt",
    "raises what is no Exception": "HandlerStopped: .*Untold",
    "ends a generator": "HandlerStopped: .*GeneratorExit",
    "cancels itself": "HandlerStopped: .*CancelledError",
    "raises StopIteration": "RuntimeError: coroutine raised StopIteration",
    "raises an error without words": "LastWordsError: .its message cannot be read",
    "raises an error that exits": "LastWordsError: .its message cannot be read",
    "raises an error whose words are a number": "LastWordsError: .its message cannot be read",
    "raises an error of 10 MB": "ValueError: no no",
    "raises half a character": "ValueError: . and \x00",
    "raises a deep group": "ExceptionGroup: around",
    "raises a long chain": "ValueError: number 19999",
    "recurses": "RecursionError",
    "fills the memory": "MemoryError",
}


def deeper(depth: int) -> int:
    return deeper(depth + 1)


def poisonous(deeds: dict[str, Callable[[], Any]]) -> Handlers:
    handlers = Handlers()

    @handlers.handles(Poison)
    async def do(job: Poison, context: JobContext) -> Any:
        await context.log("begun")
        return deeds[job.deed]()

    @handlers.handles(Paint)
    async def paint_it(job: Paint, context: JobContext) -> Any:
        return {"colour": job.colour, "attempt": context.attempt}

    return handlers


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("deed", list(DEEDS))
async def test_a_handler_that_misbehaves_fails_its_job(
    broker: EmbeddedBroker, prefix: str, deed: str
) -> None:
    async with workshop(broker.url, prefix, handlers=poisonous(DEEDS), settings=CALM) as queues:
        handle = await queues.enqueue(Poison(deed=deed))
        with pytest.raises(JobFailed, match=REASONS.get(deed, "InvalidResult: ")) as failed:
            await handle.result(timeout=60)
        assert len(failed.value.reason) <= 10_000
        assert all(len(trace) <= 20_000 for trace in failed.value.stacktrace)
        assert (await handle.record()).result is None
        await goes_on(queues)
    gc.collect()


@pytest.mark.parametrize("deed", [forked_child, forked_child_that_fails], ids=["returns", "fails"])
async def test_a_child_that_a_handler_forks_does_not_work_on(
    broker: EmbeddedBroker, prefix: str, deed: Callable[[], str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        async with workshop(broker.url, prefix, handlers=poisonous({"forks": deed}), settings=CALM) as queues:
            handles = [await queues.enqueue(Poison(deed="forks")) for _ in range(5)]
            for handle in handles:
                assert await handle.result(timeout=30) == "the parent's"
            for _ in handles:
                _, status = await asyncio.to_thread(os.waitpid, -1, 0)
                assert os.waitstatus_to_exitcode(status) == 1
            for handle in handles:
                assert await handle.logs() == ["begun"]
            await goes_on(queues)


async def test_a_handler_that_closes_what_the_worker_logs_to_stops_nobody(
    broker: EmbeddedBroker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    deeds = {"closes": lambda: sys.stdout.close(), "fails": lambda: fail(ValueError("no paint"))}
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        async with running_worker(broker.url, prefix, handlers=poisonous(deeds), settings=CALM):
            await (await queues.enqueue(Poison(deed="closes"))).result(timeout=30)
            with pytest.raises(JobFailed, match="no paint"):
                await (await queues.enqueue(Poison(deed="fails"))).result(timeout=30)
            await goes_on(queues)


async def test_a_job_that_is_gone_when_it_ends_stops_nobody(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with workshop(broker.url, prefix, settings=CALM) as queues:
        handle = await queues.enqueue(Paint(colour="red", seconds=0.5))
        await eventually(lambda: is_in(handle, JobState.ACTIVE))
        await connection.execute(
            "DEL", *[keys.base + handle.job_id + part for part in ("", ":lock", ":logs")]
        )
        await connection.execute("LREM", keys.active, 1, handle.job_id)
        await goes_on(queues)


async def test_a_large_result_gets_through_a_slow_line(broker: EmbeddedBroker, prefix: str) -> None:
    large = {"says much": lambda: "x" * HUGE}
    async with Proxy(broker.url) as proxy, QueueService.connect(broker.url, prefix=prefix) as queues:
        async with running_worker(proxy.url, prefix, handlers=poisonous(large), settings=CALM):
            handle = await queues.enqueue(Poison(deed="says much"))
            assert len(await handle.result(timeout=60)) == HUGE
            await goes_on(queues)
