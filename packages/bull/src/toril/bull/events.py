"""Reading what happens in queues, from their event streams (bullmq-protocol §6.5)."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from toril.bull.codec import decode_progress, text, to_milliseconds
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.replies import CALL_WITHIN, Argument
from toril.types import EventKind, JobEvent

MOST_EVENTS_A_READ = 1000
_KINDS = {kind.value: kind for kind in EventKind}


class EventReader:
    """Reads the events of any number of queues over one connection, which it blocks while it waits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, after: Mapping[QueueKeys, str], *, timeout: float = 10.0) -> list[JobEvent]:
        """The events after the given ones, of each queue in order; none if nothing happened.

        Args:
            after: for each queue the id of the last event seen; "0-0" for all that the stream still holds.
            timeout: how long to wait for the first event, in seconds.

        Raises:
            BrokerUnavailable: Redis did not answer in time, a second after the timeout.
        """
        streams = {keys.events.encode(): keys.queue for keys in after}
        command: list[Argument] = [
            "XREAD",
            "COUNT",
            MOST_EVENTS_A_READ,
            "BLOCK",
            max(1, to_milliseconds(timeout)),
        ]
        command += ["STREAMS", *streams, *after.values()]
        reply = await self._connection.execute(*command, timeout=timeout + 1.0)
        return [
            decode_event(streams[stream], entry_id, fields)
            for stream, entries in _streams(reply)
            for entry_id, fields in entries
        ]

    async def newest(self, keys: QueueKeys, *, timeout: float = CALL_WITHIN) -> str:
        """The id of a queue's last event: reading after it gives what happens from now on.

        Args:
            timeout: how long Redis may take to answer, in seconds.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        reply = await self._connection.execute(
            "XREVRANGE", keys.events, "+", "-", "COUNT", 1, timeout=timeout
        )
        return text(reply[0][0]) if reply else "0-0"


def decode_event(queue: str, entry_id: bytes, fields: Sequence[bytes]) -> JobEvent:
    """One entry of an event stream; what a newer BullMQ may say that we do not know becomes UNKNOWN."""
    wire = {text(name): value for name, value in zip(fields[::2], fields[1::2], strict=False)}
    name = text(wire.pop("event", b""))
    job_id = wire.pop("jobId", None)
    kind = _KINDS.get(name, EventKind.UNKNOWN)
    progress = decode_progress(wire.get("data")) if kind is EventKind.PROGRESS else None
    result, reason = wire.get("returnvalue"), wire.get("failedReason")
    return JobEvent(
        queue=queue,
        id=text(entry_id),
        kind=kind,
        job_id=None if job_id is None else text(job_id),
        fields=tuple((field, text(value)) for field, value in wire.items()),
        progress=progress,
        result=None if result is None else text(result),
        failed_reason=None if reason is None else text(reason),
    )


def _streams(reply: Any) -> list[tuple[bytes, list[tuple[bytes, list[bytes]]]]]:
    """XREAD's reply, which is a list of pairs in RESP2 and a map in RESP3."""
    if not reply:
        return []
    if isinstance(reply, dict):
        return list(cast(dict[bytes, list[tuple[bytes, list[bytes]]]], reply).items())
    return list(reply)
