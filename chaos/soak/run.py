"""One long run: a broker, workers and a producer, and samples of what they hold."""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from psutil import NoSuchProcess

from chaos.broker import Broker, Sync
from chaos.fleet import Member
from chaos.soak.samples import Sample, Sampler
from chaos.terms import Part
from toril.bull.thread_connection import ThreadConnection

APPLICATION = "chaos.soak.application"
SETTLES_WITHIN = 60.0


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long a run is: `jobs` in `seconds` or, on a slower machine, more; `samples` in these seconds."""

    jobs: int
    seconds: float
    samples: int
    workers: int = 2
    concurrency: int = 50


async def soak(length: Length, tell: Callable[[Sample], None]) -> list[Sample]:
    """Runs, and tells each sample as it is taken.

    Raises:
        RuntimeError: a process ended too early, or the jobs were not done in time.
    """
    with tempfile.TemporaryDirectory(prefix="toril-soak-") as folder:
        async with Broker(Path(folder) / "broker", Sync.EVERY_SECOND).running() as broker:
            members: list[Member] = []
            try:
                return await _soak(length, broker, Path(folder), members, tell)
            finally:
                for member in members:
                    member.kill()
                    await member.ended()


async def _soak(
    length: Length, broker: Broker, folder: Path, members: list[Member], tell: Callable[[Sample], None]
) -> list[Sample]:
    part = Part(
        url=broker.url,
        ledger=str(folder),
        chores="",
        pace=round(length.jobs / length.seconds),
        concurrency=length.concurrency,
        lock_duration=None,
        stalled_interval=None,
        grace=5.0,
    )
    options = ("--concurrency", str(length.concurrency))
    worker = (sys.executable, "-m", "toril.cli", "worker", f"{APPLICATION}:handlers", *options)
    producer = (sys.executable, "-m", APPLICATION, str(length.jobs))
    for number, command in enumerate([worker] * length.workers + [producer]):
        members.append(await Member.start("toril", command, part, folder / f"{number}.txt"))
    *workers, adding = members
    samples: list[Sample] = []
    with ThreadConnection.open(broker.url, client_name="soak") as connection:
        sampler = Sampler([each.group for each in workers], adding.group, folder, connection)
        while True:
            await asyncio.sleep(length.seconds / length.samples)
            if not adding.runs:
                break
            try:
                samples.append(await asyncio.to_thread(sampler.look))
            except NoSuchProcess:
                if all(member.runs for member in members):
                    raise
                break  # the producer had done its part just then, or the worker ended, which is told below
            tell(samples[-1])
    if ended := [member for member in workers if not member.runs]:
        raise RuntimeError(f"a worker ended: {ended[0].last_words()}")
    if await adding.ended():
        raise RuntimeError(f"the producer failed: {adding.last_words()}")
    return samples
