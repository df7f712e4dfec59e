"""What a call costs our process with each client that could carry it: `make clients`.

Each client makes the same script calls on the same server, in turn, round by round: small ones, one at a
time, and exchanges as a worker makes them, 50 results out and 50 jobs back. The processor time counts every
thread of the process, but not the server. A client that is not installed is named.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from bench.systems.protocol import TEXT, run
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker

ROUNDS = 7
SMALL_CALLS = 2_000
EXCHANGES = 200
JOBS = 50

Argument = str | bytes | int
Call = Callable[[str, Sequence[Argument]], Awaitable[Any]]

SMALL = "return ARGV[1]"
# As settle_and_take answers, and without its work.
EXCHANGE = f"""
local jobs = {{}}
for i = 1, {JOBS} do
  jobs[i] = {{ 'note', ARGV[2], '{{"attempts":1}}', '1795477167903', false, 1, false }}
end
return {{ {{}}, jobs, 0, 0, 0 }}
"""
RESULTS = tuple(str(number) for number in range(2 * JOBS))


@asynccontextmanager
async def ours(url: str) -> AsyncGenerator[Call]:
    async with await Connection.open(url) as connection:
        yield lambda sha, arguments: connection.execute("EVALSHA", sha, 0, *arguments)


@asynccontextmanager
async def redis_py(url: str) -> AsyncGenerator[Call]:
    async with import_module("redis.asyncio").Redis.from_url(url) as client:
        yield lambda sha, arguments: client.execute_command("EVALSHA", sha, 0, *arguments)


@asynccontextmanager
async def coredis(url: str) -> AsyncGenerator[Call]:
    async with import_module("coredis").Redis.from_url(url) as client:
        yield lambda sha, arguments: client.evalsha(sha, args=arguments)


@asynccontextmanager
async def glide(url: str) -> AsyncGenerator[Call]:
    library, address = import_module("glide"), urlsplit(url)
    settings = library.GlideClientConfiguration(
        [library.NodeAddress(address.hostname, address.port)],
        credentials=library.ServerCredentials(address.password),
        protocol=library.ProtocolVersion.RESP2,
    )
    client = await library.GlideClient.create(settings)
    try:
        yield lambda sha, arguments: client.custom_command(
            ["EVALSHA", sha, "0", *(each if isinstance(each, bytes) else str(each) for each in arguments)]
        )
    finally:
        await client.close()


CLIENTS = {"hiredis": ours, "redis": redis_py, "coredis": coredis, "valkey-glide": glide}
"""By the distribution that each of them stands on; ours is a thin protocol on hiredis."""


async def main() -> None:
    """Prints the processor time of a call, and how long it takes."""
    console = Console()
    with EmbeddedBroker(port=0) as broker:
        async with AsyncExitStack() as stack:
            setup = await stack.enter_async_context(await Connection.open(broker.url))
            scripts = [(await setup.execute("SCRIPT", "LOAD", text)).decode() for text in (SMALL, EXCHANGE)]
            calls: dict[str, Call] = {}
            for name, connect in CLIENTS.items():
                try:
                    calls[name] = await stack.enter_async_context(connect(broker.url))
                except ModuleNotFoundError as missing:
                    console.print(f"{name} is not measured: {missing}")
            figures: dict[str, list[tuple[float, ...]]] = {name: [] for name in calls}
            for _ in range(ROUNDS):
                for name, call in calls.items():
                    small = await _cost(call, scripts[0], ("1",), SMALL_CALLS)
                    exchange = await _cost(call, scripts[1], (12345, TEXT, *RESULTS), EXCHANGES)
                    figures[name].append((*small, *exchange))
    console.print(_table(figures))


async def _cost(call: Call, sha: str, arguments: Sequence[Argument], times: int) -> tuple[float, float]:
    """Microseconds of our processor, and of time, for each call."""
    used, begin = time.process_time(), time.perf_counter()
    for _ in range(times):
        await call(sha, arguments)
    return 1e6 * (time.process_time() - used) / times, 1e6 * (time.perf_counter() - begin) / times


def _table(figures: dict[str, list[tuple[float, ...]]]) -> Table:
    columns = ("small call, CPU µs", "small call, µs", f"{JOBS} jobs, CPU µs", f"{JOBS} jobs, µs")
    table = Table("client", *columns, title=f"median of {ROUNDS} rounds")
    for name, rounds in figures.items():
        title = f"{'ours, on ' if name == 'hiredis' else ''}{name} {version(name)}"
        table.add_row(title, *(f"{median(values):.1f}" for values in zip(*rounds, strict=True)))
    return table


if __name__ == "__main__":
    run(main())
