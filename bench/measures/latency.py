"""How soon a job begins, and how soon its result is back."""

import asyncio
from dataclasses import dataclass

from bench.measures.figure import Counted, Figure, Pair, middle_and_slowest
from bench.server import Server
from bench.systems.protocol import IDLE_CONCURRENCY, MANY_AT_ONCE, RESULTS

DROPPED = 20  # the first ones
LOAD = 0.5
PICKUP_P50 = Figure("pickup when idle, p50", "ms", more_is_better=False)
PICKUP_P99 = Figure("pickup when idle, p99", "ms", more_is_better=False)
LOADED_P50 = Figure("pickup at 50 % load, p50", "ms", more_is_better=False)
LOADED_P99 = Figure("pickup at 50 % load, p99", "ms", more_is_better=False)
RESULT_P50 = Figure("add to result, p50", "ms", more_is_better=False)
RESULT_P99 = Figure("add to result, p99", "ms", more_is_better=False)


@dataclass(frozen=True, slots=True)
class Pickup(Counted):
    """How soon an idle worker begins a job that another process adds: from just before it is added."""

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        p50, p99 = middle_and_slowest(await _picked_up(pair, self.count))
        return {PICKUP_P50: p50, PICKUP_P99: p99}


@dataclass(frozen=True, slots=True)
class LoadedPickup(Counted):
    """The same, while jobs come half as fast as this worker can process them."""

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        await pair.second.ask("add_bulk", count=self.count)
        seconds = await pair.first.ask("process", count=self.count, concurrency=IDLE_CONCURRENCY)
        server.empty()
        delays = await _picked_up(pair, self.count, LOAD * self.count / seconds)
        p50, p99 = middle_and_slowest(delays)
        return {LOADED_P50: p50, LOADED_P99: p99}


@dataclass(frozen=True, slots=True)
class RoundTrip(Counted):
    """How soon the result of a job is back, with an idle worker in another process."""

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        count = self.count + DROPPED
        async with asyncio.TaskGroup() as group:
            group.create_task(pair.first.ask("pickup", count=count))
            seconds = group.create_task(pair.second.ask("round_trips", count=count))
        p50, p99 = middle_and_slowest(seconds.result()[DROPPED - 1 :])
        return {RESULT_P50: p50, RESULT_P99: p99}


async def _picked_up(pair: Pair, count: int, rate: float | None = None) -> list[float]:
    """Seconds until each job began that the second process added and the first one ran."""
    count += DROPPED
    async with asyncio.TaskGroup() as group:
        delays = group.create_task(pair.first.ask("pickup", count=count))
        group.create_task(pair.second.ask("trickle", count=count, rate=rate))
    return delays.result()[DROPPED:]


LATENCY = (Pickup(200), LoadedPickup(5_000, needs=(MANY_AT_ONCE,)), RoundTrip(100, needs=(RESULTS,)))
