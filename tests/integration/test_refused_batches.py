"""A batch of outcomes that Redis refuses as a whole, and then is gone: none of them is given up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from support.jobs import Paint, Painted, paint
from support.waiting import eventually
from support.workshop import running_worker, workshop
from toril.backend import JobHandle, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable, BullError, CommandRefused
from toril.bull.intake import Intake, Taken
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Outcome
from toril.bull.scripts import load
from toril.worker import Handlers, JobContext, Worker

WHERE = "127.0.0.1:6379"
RENEWALS_A_LOCK = 6


async def test_an_outcome_is_kept_if_redis_goes_before_it_can_be_settled_by_itself(
    broker: EmbeddedBroker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle_and_take = Intake.settle_and_take
    faults: list[BullError] = [
        BrokerUnavailable(WHERE, "nobody listens there"),
        CommandRefused(WHERE, "settle_and_take", "ERR too much"),
    ]

    async def settle_or_meet_a_fault(
        self: Intake, outcomes: list[Outcome], *wanted: Any, **how: Any
    ) -> Taken:
        if outcomes and faults:
            raise faults.pop()
        return await settle_and_take(self, outcomes, *wanted, **how)

    monkeypatch.setattr(Intake, "settle_and_take", settle_or_meet_a_fault)
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        await handle.result(timeout=20)
        record = await handle.record()
    assert faults == []
    assert record.attempts_started == 1


async def test_no_outcome_is_lost_while_a_foreign_function_answers(prefix: str) -> None:
    async with _unsettled(prefix) as (admin, handle, worker):
        await admin.execute("CONFIG", "RESETSTAT")
        await eventually(lambda: _calls_of_functions(admin, 5))
        assert not worker.health.is_connected
        await admin.execute("FUNCTION", "DELETE", "foreign")
        assert (await handle.result(timeout=20)).attempt == 1
        assert (await handle.record()).attempts_started == 1


async def test_the_lock_of_a_job_that_has_run_is_renewed_until_its_outcome_is_settled(prefix: str) -> None:
    async with _unsettled(prefix) as (admin, handle, _):
        left, renewals = [0], 0

        async def has_outlived_its_lock() -> bool:
            nonlocal renewals
            left.append(await admin.execute("PTTL", QueueKeys(paint.name, prefix).lock(handle.job_id)))
            renewals += left[-1] > left[-2]
            return renewals > 2 * RENEWALS_A_LOCK

        await eventually(has_outlived_its_lock)
        await admin.execute("FUNCTION", "DELETE", "foreign")
        assert (await handle.result(timeout=20)).attempt == 1
        record = await handle.record()
        assert (record.attempts_started, record.stalled_count) == (1, 0)


@asynccontextmanager
async def _unsettled(prefix: str) -> AsyncIterator[tuple[Connection, JobHandle[Painted], Worker]]:
    """A job whose handler has ended, and whose outcome a foreign function keeps from being settled."""
    own = load("working/settle_and_take").function
    assert own is not None
    foreign = f"#!lua name=foreign\nredis.register_function('{own.name}', function() return 'no' end)"
    may_end, has_ended = asyncio.Event(), asyncio.Event()
    slow = Handlers()

    @slow.handles(Paint)
    async def paint_slowly(job: Paint, context: JobContext) -> Painted:
        await may_end.wait()
        has_ended.set()
        return Painted(colour=job.colour, attempt=context.attempt)

    async with AsyncExitStack() as stack:
        broker = stack.enter_context(EmbeddedBroker())
        admin = await stack.enter_async_context(await Connection.open(broker.url))
        queues = await stack.enter_async_context(QueueService.connect(broker.url, prefix=prefix))
        worker = await stack.enter_async_context(running_worker(broker.url, prefix, handlers=slow))
        handle = await queues.enqueue(Paint(colour="red"))
        await eventually(lambda: worker.health.running)
        await admin.execute("FUNCTION", "FLUSH")
        await admin.execute("FUNCTION", "LOAD", foreign)
        may_end.set()
        await has_ended.wait()
        yield admin, handle, worker


async def _calls_of_functions(admin: Connection, least: int) -> bool:
    """Whether so many have been called."""
    stats = (await admin.execute("INFO", "commandstats")).decode()
    return int(stats.partition("cmdstat_fcall:calls=")[2].partition(",")[0] or 0) >= least
