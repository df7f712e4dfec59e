"""Reading what happens in queues, from their event streams (bullmq-protocol §6.5)."""

import re
from collections.abc import Mapping
from typing import Any, cast

from toril.bull.codec import decode_event, text, to_milliseconds
from toril.bull.connection import Connection
from toril.bull.errors import InvalidQuery
from toril.bull.keys import QueueKeys
from toril.bull.replies import CALL_WITHIN, Argument
from toril.types import JobEvent

MOST_EVENTS_A_READ = 1000
_EVENT_ID = re.compile(r"(\d{1,20})(-\d{1,20})?", re.ASCII)


class EventReader:
    """Reads the events of any number of queues over one connection, which it blocks while it waits.

    Of a cluster, the queues that are read together must be in one slot.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(
        self, after: Mapping[QueueKeys, str], *, timeout: float = 10.0, most: int = MOST_EVENTS_A_READ
    ) -> list[JobEvent]:
        """The events after the given ones, of each queue in order; none if nothing happened.

        Args:
            after: for each queue the id of the last event seen; "0-0" for all that the stream still holds.
            timeout: how long to wait for the first event, in seconds.
            most: how many events of each queue to read at once.

        Raises:
            BrokerUnavailable: Redis did not answer in time, a second after the timeout.
        """
        streams = {keys.events.encode(): keys.queue for keys in after}
        command: list[Argument] = [
            "XREAD",
            "COUNT",
            most,
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


def event_order(event_id: str) -> tuple[int, int]:
    """What the ids of a stream are ordered by.

    Raises:
        InvalidQuery: it is no id of an event.
    """
    if not _EVENT_ID.fullmatch(event_id) or any(int(part) >= 2**64 for part in event_id.split("-")):
        raise InvalidQuery("after", event_id[:50], "an event's id, as 1700000000000-0, or 0 for all events")
    milliseconds, _, number = event_id.partition("-")
    return int(milliseconds), int(number or 0)


def _streams(reply: Any) -> list[tuple[bytes, list[tuple[bytes, list[bytes]]]]]:
    """XREAD's reply, which is a list of pairs in RESP2 and a map in RESP3."""
    if not reply:
        return []
    if isinstance(reply, dict):
        return list(cast(dict[bytes, list[tuple[bytes, list[bytes]]]], reply).items())
    return list(reply)
