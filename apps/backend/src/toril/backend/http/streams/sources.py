"""What event streams send: of a whole queue, and of one job until it ends."""

from collections.abc import AsyncIterator

from toril.backend.http.gateway import Gateway
from toril.backend.http.schemas.events import EventView, Gap, Standing
from toril.backend.http.schemas.jobs import ProgressView
from toril.backend.http.streams.following import Follower, Silence, following
from toril.backend.http.streams.server_sent import HEARTBEAT, RECONNECT_AFTER, server_sent, set_id
from toril.bull.errors import JobNotFound
from toril.bull.inspect import EventSpan
from toril.types import EventKind, JobEvent, JobRecord

_LAST = (EventKind.COMPLETED, EventKind.FAILED, EventKind.REMOVED)


async def queue_events(gateway: Gateway, queue: str, after: str | None) -> AsyncIterator[bytes]:
    """All that happens in a queue, for ever.

    Args:
        after: the id of the event to go on after; None for what happens from now on.
    """
    async with following(gateway.queues, queue, None, after) as follower:
        yield RECONNECT_AFTER + set_id(follower.after)
        if after is not None:
            if span := await follower.missed():
                yield _gap(after, span)
            async for event in follower.past():
                yield _told(event)
        async for event in follower.coming(gateway.settings.heartbeat):
            yield HEARTBEAT if isinstance(event, Silence) else _told(event)


async def job_events(gateway: Gateway, queue: str, job_id: str, after: str | None) -> AsyncIterator[bytes]:
    """What happens to a job until it ends: where it stands at first, then each event.

    Nothing at all, if the job ended before, and whoever asks has heard it.

    Raises:
        JobNotFound: there is no such job, and no event tells of one.
    """
    inspector = gateway.queues.inspect(queue)
    async with following(gateway.queues, queue, job_id, after) as follower:
        has_told = False
        is_gap = False
        if after is not None:
            if span := await follower.missed():
                is_gap = has_told = True
                yield RECONNECT_AFTER + _gap(after, span)
            async for event in follower.past():
                has_told = True
                yield _told(event)
                if event.kind in _LAST:
                    return
        record = await inspector.job(job_id)
        if record is None:
            if has_told:
                return
            raise JobNotFound(queue, job_id)
        if after is None or is_gap:
            yield RECONNECT_AFTER + _standing(record, follower)
        if _has_ended(record):
            return
        async for event in follower.coming(gateway.settings.heartbeat):
            if isinstance(event, Silence):
                record = await inspector.job(job_id)
                if record is None or _has_ended(record):
                    # Its last event has been lost; this is all that is left of it.
                    yield HEARTBEAT if record is None else _standing(record, follower)
                    return
                yield HEARTBEAT
            else:
                yield _told(event)
                if event.kind in _LAST:
                    return


def _told(event: JobEvent) -> bytes:
    return server_sent(event.name, EventView.of(event), event_id=event.id)


def _gap(after: str, span: EventSpan) -> bytes:
    return server_sent("gap", Gap(after=after, oldest=span.oldest))


def _standing(record: JobRecord, follower: Follower) -> bytes:
    standing = Standing(
        queue=record.queue,
        job_id=record.id,
        state=record.state,
        progress=ProgressView.of(record.progress),
    )
    return server_sent("standing", standing, event_id=follower.after)


def _has_ended(record: JobRecord) -> bool:
    return record.state is not None and record.state.is_final
