"""What every official step needs: the queue, the scripts, the time and the worker."""

from collections.abc import Sequence
from typing import Any

from differential.options import milliseconds
from differential.scripts import Argument, Call, OfficialScripts, under
from differential.side import Clock, Worker
from redis import Redis

from toril.bull.keys import QueueKeys


class OfficialQueue:
    """One queue that BullMQ's own scripts work on.

    Args:
        scripts: run against `client`.
        keys: the queue's; its prefix is this side's own.
    """

    def __init__(
        self, client: Redis, scripts: OfficialScripts, keys: QueueKeys, clock: Clock, worker: Worker
    ) -> None:
        self.client = client
        self.keys = keys
        self.clock = clock
        self.worker = worker
        self._scripts = scripts

    @property
    def _now(self) -> int:
        return milliseconds(self.clock.now)

    @property
    def _lock_duration(self) -> int:
        return milliseconds(self.worker.lock_duration)

    def _run(self, script: str, names: str, arguments: Sequence[Argument]) -> Any:
        return self._scripts.run(Call(script, under(self.keys.base, names), arguments))
