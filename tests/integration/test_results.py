"""From a typed job to its typed result."""

import asyncio
from pathlib import Path

import pytest

from support.clients import clients
from support.jobs import Mix, Paint, Painted, PaintOnce
from support.other_jobs import Frame, frame_worker
from support.waiting import eventually
from support.workshop import running_worker, workshop
from toril.backend import JobFailed, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import JobNotFound
from toril.types import JobState, JobUpdate, Progress


async def test_a_job_comes_back_as_the_result_of_its_contract(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        assert await handle.result(timeout=10) == Painted(colour="red", attempt=1)
        assert await handle.state() is JobState.COMPLETED


async def test_the_result_of_a_job_that_has_ended_long_ago(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        await handle.result(timeout=10)
        later = queues.handle(Paint, handle.job_id)
        assert await later.result(timeout=10) == Painted(colour="red", attempt=1)


async def test_failures_are_tried_again_until_one_succeeds(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", failures=2))
        assert await handle.result(timeout=10) == Painted(colour="red", attempt=3)
        assert await handle.logs() == ["attempt 1", "attempt 2", "attempt 3"]


async def test_a_job_that_fails_for_good_says_why_and_where(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", failures=3))
        with pytest.raises(JobFailed, match="no red left") as failed:
            await handle.result(timeout=10)
        assert failed.value.reason == "ValueError: no red left"
        assert len(failed.value.stacktrace) == 3
        assert "in paint_it" in failed.value.stacktrace[-1]
        record = await handle.record()
        assert (record.attempts_made, record.state) == (3, JobState.FAILED)


async def test_an_unrecoverable_failure_is_not_tried_again(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(PaintOnce(colour="transparent"))
        with pytest.raises(JobFailed, match="nobody would see it"):
            await handle.result(timeout=10)
        assert (await handle.record()).attempts_made == 1


async def test_waiting_for_a_result_ends_in_time(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        with pytest.raises(TimeoutError, match="has not ended"):
            await handle.result(timeout=0.05)
        assert await handle.state() is JobState.WAITING


async def test_a_timeout_of_nothing_still_finds_a_job_that_has_ended(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        await handle.result(timeout=10)
        assert await handle.result(timeout=0) == Painted(colour="red", attempt=1)


async def test_a_job_that_never_was_is_not_found(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = queues.handle(Paint, "never")
        for asking in (handle.result(timeout=5), handle.state(), handle.record()):
            with pytest.raises(JobNotFound, match="never"):
                await asking


async def test_many_handles_share_one_connection(
    broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(Paint(colour=f"red {number}") for number in range(200))
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(handle.result(timeout=20)) for handle in handles]
            async with running_worker(broker.url, prefix):
                await asyncio.wait(waiting)
            names = [client["name"] for client in await clients(connection)]
        assert [task.result().colour for task in waiting] == [f"red {number}" for number in range(200)]
        assert names.count("toril-events") == 1


async def test_results_of_two_queues_are_followed_at_once(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        async with asyncio.TaskGroup() as group:
            slow = group.create_task((await queues.enqueue(Paint(colour="red", seconds=0.3))).result(10))
            async with frame_worker(broker.url, prefix):
                framed = await (await queues.enqueue(Frame(picture="sunset"))).result(timeout=10)
        assert framed == "framed sunset"
        assert slow.result().colour == "red"


async def test_updates_tell_the_way_of_a_job(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", failures=1, seconds=0.05))
        seen: list[JobUpdate] = []

        async def follow() -> None:
            async for update in handle.updates():
                seen.append(update)  # noqa: PERF401 - watched while it grows

        async with asyncio.TaskGroup() as group:
            group.create_task(follow())
            await eventually(lambda: seen)
            async with running_worker(broker.url, prefix):
                await handle.result(timeout=10)
        half = Progress(0.5, "half way", {"percent": 50, "note": "half way"})
        assert seen == [
            JobUpdate(JobState.WAITING),
            JobUpdate(JobState.ACTIVE),
            JobUpdate(JobState.DELAYED),
            JobUpdate(JobState.WAITING),
            JobUpdate(JobState.ACTIVE),
            JobUpdate(JobState.ACTIVE, half),
            JobUpdate(JobState.COMPLETED, half),
        ]


async def test_updates_tell_a_job_that_waits_by_its_priority(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", failures=1), priority=3)
        seen: list[JobState] = []

        async def follow() -> None:
            async for update in handle.updates():
                seen.append(update.state)  # noqa: PERF401 - watched while it grows

        async with asyncio.TaskGroup() as group:
            group.create_task(follow())
            await eventually(lambda: seen)
            async with running_worker(broker.url, prefix):
                await handle.result(timeout=10)
        assert seen == [
            JobState.PRIORITIZED,
            JobState.ACTIVE,
            JobState.DELAYED,
            JobState.PRIORITIZED,
            JobState.ACTIVE,
            JobState.COMPLETED,
        ]


async def test_an_answer_of_another_type_fails_the_job_and_is_not_stored(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with workshop(broker.url, prefix) as queues:
        for answer in ("text", "nan", "nothing"):
            handle = await queues.enqueue(Mix(answer=answer))
            with pytest.raises(JobFailed, match="InvalidResult"):
                await handle.result(timeout=10)
            assert (await handle.record()).result is None


@pytest.mark.parametrize("answer", ["exit", "interrupt", "cancel", "cancel itself"])
async def test_a_handler_that_tries_to_end_the_process_fails_its_job_only(
    broker: EmbeddedBroker, prefix: str, answer: str
) -> None:
    async with workshop(broker.url, prefix) as queues:
        bad = await queues.enqueue(Mix(answer=answer))
        with pytest.raises(JobFailed, match="HandlerStopped"):
            await bad.result(timeout=10)
        assert await (await queues.enqueue(Mix(answer="7"))).result(timeout=10) == 7


async def test_an_error_that_cannot_be_put_in_words_fails_its_job_only(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with workshop(broker.url, prefix) as queues:
        bad = await queues.enqueue(Mix(answer="wordless"))
        with pytest.raises(JobFailed, match="WordlessError"):
            await bad.result(timeout=10)
        assert await (await queues.enqueue(Mix(answer="7"))).result(timeout=10) == 7


async def test_a_handler_that_takes_too_long_is_stopped(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(PaintOnce(colour="red", seconds=30))
        with pytest.raises(JobFailed, match=r"did not end within 0\.2 s"):
            await handle.result(timeout=10)


async def test_a_failover_while_events_are_awaited_ends_nothing(server: Path) -> None:
    with EmbeddedBroker(port=0, program=server) as broker:
        async with (
            QueueService.connect(broker.url) as queues,
            await Connection.open(broker.url) as connection,
        ):
            handle = await queues.enqueue(Paint(colour="red"))
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(handle.result(timeout=20))
                await eventually(lambda: _awaits_events(connection))
                await connection.execute("REPLICAOF", "127.0.0.1", "1")
                await connection.execute("REPLICAOF", "NO", "ONE")
                async with running_worker(broker.url, "bull"):
                    await asyncio.wait([waiting])
        assert waiting.result().colour == "red"


async def _awaits_events(connection: Connection) -> bool:
    return b"cmd=xread" in await connection.execute("CLIENT", "LIST")
