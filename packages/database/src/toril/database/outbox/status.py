"""How far the relay is behind, and what it could not relay."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple


class OutboxStatus(NamedTuple):
    """The outbox at one moment.

    Attributes:
        waiting: how many rows are committed and not yet relayed.
        oldest: for how many seconds the oldest of them has waited; 0 if there is none.
        set_aside: how many rows could not be relayed.
        is_led: whether a relay is at work.
    """

    waiting: int
    oldest: float
    set_aside: int
    is_led: bool

    def metrics(self) -> Mapping[str, float]:
        """The same as gauges, by the names that Prometheus is to know them by."""
        return {
            "toril_outbox_waiting": self.waiting,
            "toril_outbox_oldest_seconds": self.oldest,
            "toril_outbox_set_aside": self.set_aside,
            "toril_outbox_relays": int(self.is_led),
        }


class SetAside(NamedTuple):
    """A row that could not be relayed, and why."""

    id: str
    queue: str
    key: str | None
    added_at: datetime
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The same for scripts."""
        return self._asdict() | {"added_at": self.added_at.isoformat()}
