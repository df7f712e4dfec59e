"""Renewing the locks of running jobs, from a thread of its own."""

from collections.abc import Iterable
from typing import NamedTuple

from toril.bull.codec import text, to_milliseconds
from toril.bull.keys import QueueKeys
from toril.bull.replies import Argument
from toril.bull.scripts import load
from toril.bull.thread_connection import ThreadConnection

MOST_LOCKS_A_SCRIPT = 1000


class Renewal(NamedTuple):
    """What came of a renewal, by the ids of the jobs.

    Attributes:
        lost: their locks are gone, or another worker's.
        cancelled: their locks are renewed, but they are to be cancelled.
    """

    lost: set[str]
    cancelled: set[str]


class LockRenewal:
    """Renews locks over a blocking connection, so that a busy event loop cannot hold it up.

    Args:
        lock_duration: seconds for which a renewed lock lasts.
    """

    def __init__(self, connection: ThreadConnection, keys: QueueKeys, *, lock_duration: float) -> None:
        self._connection = connection
        self._keys = [keys.meta]
        self._script = load("working/renew_locks")
        self._duration = to_milliseconds(lock_duration)
        # One answer that never comes must not cost the locks: there is time to ask again.
        self._answer_within = lock_duration / 4

    def renew(self, locks: Iterable[tuple[str, str]]) -> Renewal:
        """Renews the locks, given as (job id, token).

        Raises:
            BrokerUnavailable: Redis did not answer; some of the locks may have been renewed.
        """
        held = list(locks)
        renewal = Renewal(set(), set())
        for start in range(0, len(held), MOST_LOCKS_A_SCRIPT):
            arguments: list[Argument] = [self._duration]
            for job_id, token in held[start : start + MOST_LOCKS_A_SCRIPT]:
                arguments += (job_id, token)
            lost, cancelled = self._connection.run(
                self._script, self._keys, arguments, timeout=self._answer_within
            )
            renewal.lost.update(map(text, lost))
            renewal.cancelled.update(map(text, cancelled))
        return renewal

    def close(self) -> None:
        """Ends the renewal, also one that waits for Redis at this moment in another thread."""
        self._connection.close()
