"""Adding what comes from the rows of a transactional outbox: each row once, however often it comes."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from toril.bull.codec import to_milliseconds
from toril.bull.connection import Connection
from toril.bull.flows import FlowJobs, FlowQueue, check_added
from toril.bull.keys import QueueKeys
from toril.bull.queue import NewJob, job_arguments
from toril.bull.replies import CALL_WITHIN, Argument
from toril.bull.scripts import load


class JobRow(NamedTuple):
    """A row that holds one job; its id tells it from the rows of all outboxes."""

    row_id: str
    job: NewJob


class RelayQueue(FlowQueue):
    """Adds the jobs of rows to the queues of one prefix.

    Each queue remembers the rows that it was given last, 10,000 of them, in the step that adds their jobs. So
    one that comes again, as nobody knows whether it came through, adds nothing: even if its jobs have ended
    and are gone, so that their ids would be free.

    Args:
        timeout: how long Redis may take over one script call, in seconds, connecting included.
    """

    def __init__(self, connection: Connection, prefix: str, *, timeout: float = CALL_WITHIN) -> None:
        super().__init__(connection, prefix, timeout=timeout)
        self._add_rows = load("relaying/add_rows")
        self._add_flow_row = load("relaying/add_flow_row")

    async def add_rows(self, queue: str, rows: Sequence[JobRow], *, now: float | None = None) -> int:
        """Adds the jobs of rows to one queue, in order, in one step: as many as a script may handle.

        Args:
            now: the time at which they count as added, in epoch seconds; by default the present.

        Returns:
            How many of the rows were new.

        Raises:
            InvalidQueueName: no queue can have that name.
            CommandRefused: Redis refused the step; what it has left behind does not hinder the next try.
            BrokerUnavailable: Redis did not answer; the jobs may have been added.
        """
        arguments: list[Argument] = [to_milliseconds(time.time() if now is None else now)]
        for row in rows:
            arguments += job_arguments(row.job)
        arguments += [row.row_id for row in rows]
        keys = [QueueKeys(queue, self._prefix).meta]
        return int(await self._connection.run(self._add_rows, keys, arguments, timeout=self._timeout))

    async def add_flow_row(self, row_id: str, flow: FlowJobs, *, now: float | None = None) -> None:
        """Adds the flow of one row, whole or not at all.

        Raises:
            as `FlowQueue.add`.
        """
        self._slot(flow, None)
        keys, message = self._message([flow], None, to_milliseconds(time.time() if now is None else now))
        codes = await self._connection.run(
            self._add_flow_row, keys, [row_id, *message], timeout=self._timeout
        )
        check_added([flow], codes)
