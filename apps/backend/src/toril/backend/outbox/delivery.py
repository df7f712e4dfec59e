"""Handing rows to Redis: what it takes, and what it refuses for good."""

from collections.abc import Sequence
from typing import NamedTuple

from toril.backend.outbox.planning import FlowParcel, JobParcel, Parcel, Refusal, plan
from toril.bull.errors import BrokerMisconfigured, CommandRefused, FlowRefused, InvalidQueueName
from toril.bull.relaying import RelayQueue
from toril.database.outbox import OutboxRow

# What Redis says to a user who lacks a permission: that is no fault of any row.
_FORBIDDEN = "NOPERM"


class Delivery(NamedTuple):
    """What became of some rows. Redis has the jobs of those that were `relayed`, now or from before."""

    relayed: list[OutboxRow]
    refused: list[Refusal]


async def deliver(queue: RelayQueue, rows: Sequence[OutboxRow]) -> Delivery:
    """Adds the jobs of the rows, each row's once. One that is refused does not stop the others.

    Raises:
        BrokerUnavailable: Redis did not answer; any of the rows may have been relayed, and can come again.
        BrokerMisconfigured, CommandRefused: Redis takes nothing from us as it, or our user, is set up.
    """
    parcels, refused = plan(rows)
    delivery = Delivery([], refused)
    for parcel in parcels:
        await _send(queue, parcel, delivery)
    return delivery


async def _send(queue: RelayQueue, parcel: Parcel, delivery: Delivery) -> None:
    rows = [parcel.row] if isinstance(parcel, FlowParcel) else parcel.rows
    try:
        if isinstance(parcel, FlowParcel):
            await queue.add_flow_row(parcel.row.id, parcel.flow)
        else:
            await queue.add_rows(parcel.queue, parcel.jobs)
    except (FlowRefused, InvalidQueueName, CommandRefused, BrokerMisconfigured) as error:
        if not _is_fault_of_rows(error, parcel):
            raise
        if isinstance(parcel, JobParcel) and len(rows) > 1:
            for single in _one_by_one(parcel):
                await _send(queue, single, delivery)
        else:
            delivery.refused.append(Refusal(rows[0], str(error)))
    else:
        delivery.relayed.extend(rows)


def _is_fault_of_rows(error: Exception, parcel: Parcel) -> bool:
    if isinstance(error, CommandRefused):
        return not error.reason.startswith(_FORBIDDEN)
    # A flow may name queues that no step can reach together; a job's own queue is a matter of the prefix.
    return isinstance(parcel, FlowParcel) or not isinstance(error, BrokerMisconfigured)


def _one_by_one(parcel: JobParcel) -> list[JobParcel]:
    return [JobParcel(parcel.queue, [row], [job]) for row, job in zip(parcel.rows, parcel.jobs, strict=True)]
