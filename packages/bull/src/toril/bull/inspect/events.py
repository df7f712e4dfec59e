"""What the event stream of a queue still holds."""

from typing import NamedTuple

from toril.bull.codec import decode_event, text
from toril.bull.events import MOST_EVENTS_A_READ, event_order
from toril.bull.inspect.reader import QueueReader
from toril.types import JobEvent


class EventSpan(NamedTuple):
    """The ids of the oldest and the newest event that a stream holds; both "0-0" where it holds none."""

    oldest: str
    newest: str


class EventPageReader(QueueReader):
    """Reads past events."""

    async def events(self, after: str, *, limit: int = MOST_EVENTS_A_READ) -> list[JobEvent]:
        """The events after one, oldest first, as far as the stream still holds them.

        Args:
            after: the id of an event; "0" for all that the stream holds.
            limit: how many to read, at most 1,000.

        Raises:
            InvalidQuery: `after` is no id of an event.
        """
        event_order(after)
        most = max(min(limit, MOST_EVENTS_A_READ), 1)
        entries = await self._connection.execute("XRANGE", self.keys.events, f"({after}", "+", "COUNT", most)
        return [decode_event(self.keys.queue, entry_id, fields) for entry_id, fields in entries]

    async def event_span(self) -> EventSpan:
        """From where to where the stream reaches now. An event before it has been trimmed away."""
        ends = [
            await self._connection.execute(command, self.keys.events, *span, "COUNT", 1)
            for command, span in (("XRANGE", "-+"), ("XREVRANGE", "+-"))
        ]
        return EventSpan(*(text(entries[0][0]) if entries else "0-0" for entries in ends))
