"""Recovering jobs whose worker is gone."""

import time

from toril.bull.codec import text, to_milliseconds
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.replies import CALL_WITHIN
from toril.bull.scripts import load


class StalledCheck:
    """Puts jobs back in line that are active but locked by nobody (bullmq-protocol §5.4).

    A job is found by the second check after its worker died, so it runs again within the lock's duration and
    two intervals. All workers of a queue may check: one of them does, once per interval.

    Args:
        interval: seconds between two checks.
        most_stalls: a job that stalls more often than this is failed by the worker that takes it next.
    """

    def __init__(self, connection: Connection, keys: QueueKeys, *, interval: float, most_stalls: int) -> None:
        self._connection = connection
        self._keys = [keys.meta]
        self._script = load("working/recover_stalled")
        self._interval = interval
        self._most_stalls = most_stalls
        self._answer_within = min(CALL_WITHIN, max(interval, 1.0))

    async def recover(self, *, now: float | None = None) -> list[str]:
        """The ids of the jobs put back; none if another worker has checked within the interval.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        timestamp = to_milliseconds(time.time() if now is None else now)
        arguments = (timestamp, to_milliseconds(self._interval), self._most_stalls)
        reply: list[bytes] = await self._connection.run(
            self._script, self._keys, arguments, timeout=self._answer_within
        )
        return [text(job_id) for job_id in reply]
