"""The bound: a loop that settles and takes, two exchanges in flight, and does nothing else with a job.

No handler, no Pydantic, no lock renewal: what these scripts and this client could do at most.
`python -m bench.bounds.bare <broker URL>`
"""

import asyncio
import sys
import time

from bench.systems.protocol import JOB_NAME, QUEUE, TEXT, run, serve
from toril.bull.connection import Connection
from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed
from toril.bull.queue import JobQueue, NewJob
from toril.types.job_options import JobOptions

EXCHANGES_IN_FLIGHT = 2

keys = QueueKeys(QUEUE)


class Bare:
    """The wire alone."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def add_bulk(self, count: int) -> float:
        data = b'{"stamp":12345,"text":"%s"}' % TEXT.encode()
        async with await Connection.open(self._url) as connection:
            begin = time.perf_counter()
            await JobQueue(connection, keys).add([NewJob(JOB_NAME, data, JobOptions())] * count)
            return time.perf_counter() - begin

    async def process(self, count: int, concurrency: int) -> float:
        async with (
            await Connection.open(self._url) as first,
            await Connection.open(self._url) as second,
        ):
            begin = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for number, connection in enumerate((first, second)):
                    intake = Intake(connection, keys, worker_id=f"bare-{number}", lock_duration=12.0)
                    group.create_task(_exchange(intake, concurrency // EXCHANGES_IN_FLIGHT))
            return time.perf_counter() - begin


async def _exchange(intake: Intake, capacity: int) -> None:
    outcomes: list[Completed] = []
    while True:
        taken = await intake.settle_and_take(outcomes, capacity)
        if not taken.jobs:
            return
        outcomes = [Completed(job.id, job.token, b"12345") for job in taken.jobs]


if __name__ == "__main__":
    run(serve(Bare(sys.argv[1]), "toril"))
