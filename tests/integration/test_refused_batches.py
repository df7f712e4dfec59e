"""A batch of outcomes that Redis refuses as a whole, and then is gone: none of them is given up."""

from typing import Any

import pytest

from support.jobs import Paint
from support.workshop import workshop
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable, BullError, CommandRefused
from toril.bull.intake import Intake, Taken
from toril.bull.outcomes import Outcome

WHERE = "127.0.0.1:6379"


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
