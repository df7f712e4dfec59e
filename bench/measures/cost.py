"""What a run costs the processor, which a busy machine blurs less than speed."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bench.measures.figure import Figure, Pair
from bench.server import Server

JOBS = 10_000  # that a cost is given for


class Spent:
    """Seconds of processor that the first process of a pair and the server used meanwhile."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._client = self._server = 0.0

    @classmethod
    @asynccontextmanager
    async def measured(cls, pair: Pair, server: Server, jobs: int) -> AsyncGenerator["Spent"]:
        """What the block costs.

        Args:
            jobs: how many the block adds or processes.
        """
        spent = cls(jobs)
        client, server_time = await pair.first.ask("processor_time"), server.processor_time
        yield spent
        spent._client = await pair.first.ask("processor_time") - client
        spent._server = server.processor_time - server_time

    def figures(self, title: str, side: str) -> dict[Figure, float]:
        """CPU seconds for 10,000 jobs, of one `side` and of the server."""
        unit = f"s/{JOBS:,} jobs"
        return {
            Figure(f"{title}: CPU of the {side}", unit, False): self._client * JOBS / self._jobs,
            Figure(f"{title}: CPU of Redis", unit, False): self._server * JOBS / self._jobs,
        }
