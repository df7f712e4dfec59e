"""What every step of ours needs."""

from differential.official import Official
from differential.ours.connections import Connections
from differential.scripts import OfficialScripts
from differential.side import Clock, Worker
from redis import Redis

from toril.bull.keys import QueueKeys


class OurQueue(Official):
    """One queue that our scripts work on; what we have no words for is done as BullMQ would."""

    def __init__(
        self,
        client: Redis,
        scripts: OfficialScripts,
        keys: QueueKeys,
        clock: Clock,
        worker: Worker,
        connections: Connections,
    ) -> None:
        super().__init__(client, scripts, keys, clock, worker)
        self._wait_for = connections.runner.run
        self._connection = connections.asynchronous
        self._blocking = connections.blocking
