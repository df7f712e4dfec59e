"""From the rows of the outbox to what is added to Redis."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from toril.bull.flows import FlowJob
from toril.bull.queue import NewJob
from toril.bull.relaying import JobRow
from toril.database.outbox import OutboxEntry, OutboxJob, OutboxRow


class Refusal(NamedTuple):
    """A row that cannot be relayed, and why."""

    row: OutboxRow
    reason: str


@dataclass(frozen=True, slots=True)
class JobParcel:
    """Rows of one queue that are added in one step, in order."""

    queue: str
    rows: list[OutboxRow]
    jobs: list[JobRow]


@dataclass(frozen=True, slots=True)
class FlowParcel:
    """A row that holds a flow."""

    row: OutboxRow
    flow: list[FlowJob]


Parcel = JobParcel | FlowParcel
_Read = tuple[OutboxRow, OutboxEntry]


def plan(rows: Iterable[OutboxRow]) -> tuple[list[Parcel], list[Refusal]]:
    """The parcels, in an order that keeps that of the rows of each queue, and what nobody can read."""
    read: list[_Read] = []
    refusals: list[Refusal] = []
    for row in rows:
        try:
            read.append((row, OutboxEntry.read(row.entry)))
        except ValueError as error:
            refusals.append(Refusal(row, f"it cannot be read: {error}"))
    return list(_parcels(read)), refusals


def _parcels(read: Iterable[_Read]) -> Iterator[Parcel]:
    for kind, entries in groupby(read, key=lambda each: each[1].kind):
        if kind == "flow":
            yield from (FlowParcel(row, [_flow_job(job) for job in entry.jobs]) for row, entry in entries)
        else:
            yield from _by_queue(entries)


def _by_queue(read: Iterable[_Read]) -> Iterable[JobParcel]:
    parcels: dict[str, JobParcel] = {}
    for row, entry in read:
        job = entry.first
        parcel = parcels.setdefault(job.queue, JobParcel(job.queue, [], []))
        parcel.rows.append(row)
        parcel.jobs.append(JobRow(row.id, NewJob(job.name, job.payload.encode(), job.options, job.job_id)))
    return parcels.values()


def _flow_job(job: OutboxJob) -> FlowJob:
    return FlowJob(
        queue=job.queue,
        job_id=job.job_id,
        has_own_id=job.has_own_id,
        name=job.name,
        data=job.payload.encode(),
        options=job.options,
        parent=job.parent,
        waits=job.waits,
        on_failure=job.on_failure,
    )
