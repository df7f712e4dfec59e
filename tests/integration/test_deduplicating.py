"""Jobs that mean the same become one: who is added, who is not, and what their producers are told."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from support.jobs import Paint, Painted, PaintOnce
from support.other_jobs import Frame
from support.waiting import eventually
from support.workshop import is_in, running_worker
from toril.backend import InvalidJobOptions, JobHandle, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Deduplicate
from toril.types import JobState
from toril.worker import Handlers, JobContext


async def total(queues: QueueService) -> int:
    return sum((await queues.inspect("paint").counts()).by_state.values())


async def test_a_duplicate_is_told_which_job_holds_the_key(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        first = await queues.enqueue(Paint(colour="red"), deduplicate=Deduplicate("red"))
        again = await queues.enqueue(Paint(colour="rose"), deduplicate=Deduplicate("red"))
        other = await queues.enqueue(Paint(colour="blue"), deduplicate=Deduplicate("blue"))
        assert (first.is_new, again.is_new, other.is_new) == (True, False, True)
        assert again.job_id == first.job_id != other.job_id
        assert '"red"' in (await again.record()).data
        assert (await first.record()).deduplication_key == "red"
        assert await total(queues) == 2


async def test_a_custom_id_that_exists_is_told_too(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        assert (await queues.enqueue(Paint(colour="red"), job_id="invoice-7")).is_new
        assert not (await queues.enqueue(Paint(colour="red"), job_id="invoice-7")).is_new
        assert not queues.handle(Paint, "invoice-7").is_new


async def test_concurrent_callers_each_get_their_own_answer(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:

        async def add(number: int) -> JobHandle[Painted]:
            deduplicate = Deduplicate(f"key {number % 7}") if number % 3 else None
            job_id = f"mine-{number % 5}" if number % 4 == 0 else None
            return await queues.enqueue(Paint(colour=f"red {number}"), job_id=job_id, deduplicate=deduplicate)

        handles = await asyncio.gather(*map(add, range(600)))
        assert sum(handle.is_new for handle in handles) == await total(queues)
        for number, handle in enumerate(handles):
            is_its_own = f'"red {number}"' in (await handle.record()).data
            assert is_its_own == handle.is_new


async def test_many_jobs_are_each_deduplicated_by_what_they_are(broker: EmbeddedBroker, prefix: str) -> None:
    def by_colour(job: Paint) -> Deduplicate | None:
        return None if job.colour == "white" else Deduplicate(job.colour)

    colours = ["red", "white", "blue", "red", "white", "blue", "green"]
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(
            [Paint(colour=colour) for colour in colours], deduplicate=by_colour
        )
        assert [handle.job_id for handle in handles] == ["1", "2", "3", "1", "5", "3", "7"]
        assert [handle.is_new for handle in handles] == [True, True, True, False, True, False, True]


async def test_duplicates_are_found_across_batches_and_queues(broker: EmbeddedBroker, prefix: str) -> None:
    def jobs() -> Iterator[Paint | Frame]:
        for number in range(600):
            yield Paint(colour="red") if number % 2 else Frame(picture="sunset")

    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(jobs(), deduplicate=Deduplicate("one"))
        assert [place for place, handle in enumerate(handles) if handle.is_new] == [0, 1]
        assert {(handle.queue, handle.job_id) for handle in handles} == {("frames", "1"), ("paint", "1")}


async def test_a_throttled_key_is_held_longer_than_its_job(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues, running_worker(broker.url, prefix):
        throttle = Deduplicate("red", ttl=60.0)
        first = await queues.enqueue(Paint(colour="red"), deduplicate=throttle)
        await first.result(timeout=10)
        again = await queues.enqueue(Paint(colour="red"), deduplicate=throttle)
        assert (again.job_id, again.is_new) == (first.job_id, False)
        assert await again.result(timeout=10) == Painted(colour="red", attempt=1)


async def test_a_key_without_a_time_is_free_when_its_job_has_ended(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues, running_worker(broker.url, prefix):
        for _ in range(3):
            handle = await queues.enqueue(Paint(colour="red"), deduplicate=Deduplicate("red"))
            assert handle.is_new
            await handle.result(timeout=10)


async def test_a_debounced_job_is_the_latest(broker: EmbeddedBroker, prefix: str) -> None:
    debounce = Deduplicate("red", ttl=60.0, extend=True, replace=True)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        for colour in ("rose", "ruby", "red"):
            last = await queues.enqueue(Paint(colour=colour), delay=60.0, deduplicate=debounce)
            assert last.is_new
        assert await total(queues) == 1
        assert '"red"' in (await last.record()).data


async def test_a_rescheduled_job_waits_anew(broker: EmbeddedBroker, prefix: str) -> None:
    reschedule = Deduplicate("red", reschedule=True)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        first = await queues.enqueue(Paint(colour="red"), delay=60.0, deduplicate=reschedule)
        again = await queues.enqueue(Paint(colour="rose"), delay=3600.0, deduplicate=reschedule)
        assert (again.job_id, again.is_new) == (first.job_id, False)
        record = await first.record()
        assert (record.delay, record.state) == (3600.0, JobState.DELAYED)


async def test_of_those_that_come_while_a_job_runs_the_latest_runs_after_it(
    broker: EmbeddedBroker, prefix: str
) -> None:
    handlers, seen, go_on = Handlers(), list[str](), asyncio.Event()

    @handlers.handles(Paint)
    async def paint(job: Paint, context: JobContext) -> Painted:
        seen.append(job.colour)
        await go_on.wait()
        return Painted(colour=job.colour, attempt=1)

    keep_last = Deduplicate("red", keep_last=True)
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix, handlers=handlers),
    ):
        first = await queues.enqueue(Paint(colour="red"), deduplicate=keep_last)
        await eventually(lambda: is_in(first, JobState.ACTIVE))
        for colour in ("rose", "ruby"):
            kept = await queues.enqueue(Paint(colour=colour), deduplicate=keep_last)
            assert (kept.job_id, kept.is_new) == (first.job_id, False)
        go_on.set()
        await eventually(lambda: seen == ["red", "ruby"])


async def test_a_key_that_was_released_is_free(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        await queues.enqueue(Paint(colour="red"), deduplicate=Deduplicate("red"))
        assert await queues.admin("paint").release_deduplication("red")
        assert (await queues.enqueue(Paint(colour="red"), deduplicate=Deduplicate("red"))).is_new


async def test_a_job_says_itself_when_it_was_added(broker: EmbeddedBroker, prefix: str) -> None:
    yesterday = datetime(2024, 5, 17, 12, 30, tzinfo=UTC) - timedelta(days=1)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(PaintOnce(colour="red"), enqueued_at=yesterday)
        assert (await handle.record()).enqueued_at == yesterday
        with pytest.raises(InvalidJobOptions, match="give it a time zone"):
            await queues.enqueue(PaintOnce(colour="red"), enqueued_at=yesterday.replace(tzinfo=None))
        with pytest.raises(InvalidJobOptions, match="after 1970"):
            await queues.enqueue(PaintOnce(colour="red"), enqueued_at=datetime(1969, 1, 1, tzinfo=UTC))
        assert await total(queues) == 1
