"""`python -m bench.gateway`: 200 clients for a minute, on a broker, a gateway and a worker of their own."""

import argparse
import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles
from typing import cast

from rich.console import Console
from rich.table import Table

from bench.gateway.clients import Clients, Tally
from toril.bull.embedded import EmbeddedBroker

ADDRESS = re.compile(r"gateway started .*?address=(\S+)")
STARTED = re.compile(r"worker started")
ROOT = Path(__file__).parents[2]


def main() -> int:
    """Prints what was answered, and how fast; 1 if anything was not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m bench.gateway", description=main.__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    tally = asyncio.run(_load(options.clients, options.seconds))
    _show(tally, options.seconds)
    return 1 if tally.wrong else 0


async def _load(clients: int, seconds: float) -> Tally:
    with EmbeddedBroker() as broker:
        async with (
            _process(broker.url, ADDRESS, "backend", "bench.gateway.jobs", "--port", "0") as address,
            _process(broker.url, STARTED, "worker", "bench.gateway.jobs:handlers", "--concurrency", "200"),
        ):
            crowd = Clients(address, clients)
            await crowd.run(seconds)
            return crowd.tally


@asynccontextmanager
async def _process(url: str, said: re.Pattern[str], *arguments: str) -> AsyncGenerator[str]:
    """`toril` with these arguments, and what it said when it was ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "toril.cli", *arguments),
        cwd=ROOT,
        env=os.environ | {"TORIL_REDIS_URL": url},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    log = cast(asyncio.StreamReader, process.stdout)
    try:
        ready = None
        while ready is None:
            line = (await log.readline()).decode()
            if not line:
                raise RuntimeError(f"toril {arguments[0]} did not start")
            ready = said.search(line)
        drain = asyncio.create_task(_drain(log))
        yield ready[ready.re.groups]
        process.terminate()
        await process.wait()
        await drain
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass


def _show(tally: Tally, seconds: float) -> None:
    console = Console()
    table = Table("asked", "answers", "a second", "median ms", "99 % ms", "most ms", box=None)
    for kind, took in sorted(tally.seconds.items()):
        cuts = quantiles(took, n=100) if len(took) > 1 else took * 99
        figures = (f"{1000 * value:.0f}" for value in (cuts[49], cuts[98], max(took)))
        table.add_row(kind, f"{len(took):,}", f"{len(took) / seconds:,.0f}", *figures)
    console.print(table)
    console.print(f"told to come back later: {tally.come_back:,}; wrong: {tally.wrong.total():,}")
    for what, count in tally.wrong.most_common(20):
        console.print(f"  {count:,} times {what}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
