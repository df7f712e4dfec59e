"""Where a job's time goes, here and in the server: `make profile`.

Processes a backlog twice, 100 jobs at a time: once as it is, for the server's side, and once under cProfile,
whose own cost swells small functions: read its shares, not its sums. What the event loop does on a function's
behalf, such as writing to a socket, counts as the function's own.
"""

import cProfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from bench.server import Server
from bench.systems.protocol import run
from bench.systems.toril import Toril, quiet

JOBS = 10_000
CONCURRENCY = 100
ROWS = 12
SITE_PACKAGES = "site-packages/"
BUILT_IN = "built in"


class Part(NamedTuple):
    """A command or a function: how often it ran and how long it took by itself, for each job."""

    name: str
    calls: float
    microseconds: float


async def main() -> None:
    """Prints both sides, the costliest parts first."""
    console = Console()
    with Server.start() as server:
        toril = Toril(server.url)
        await toril.add_bulk(JOBS)
        server.reset_statistics()
        used = server.processor_time
        await toril.process(JOBS, CONCURRENCY)
        used = server.processor_time - used
        commands = [Part(name, calls, spent) for name, (calls, spent) in server.command_statistics().items()]
        console.print(_table("server: commands, scripts with what they call", commands))
        console.print(f"The server's process: {1e6 * used / JOBS:.1f} µs a job.")

        server.empty()
        await toril.add_bulk(JOBS)
        profile = cProfile.Profile()
        with profile:
            await toril.process(JOBS, CONCURRENCY)
        functions = _functions(profile)
        console.print(_table("Python: modules", _by_module(functions)))
        console.print(_table("Python: functions", functions))


def _functions(profile: cProfile.Profile) -> list[Part]:
    found: list[Part] = []
    for entry in profile.getstats():
        code = entry.code
        module, name = (
            (BUILT_IN, code) if isinstance(code, str) else (_module(code.co_filename), code.co_qualname)
        )
        found.append(Part(f"{module}: {name}", entry.callcount, 1e6 * entry.inlinetime))
    return found


def _by_module(functions: Sequence[Part]) -> list[Part]:
    modules: dict[str, Part] = {}
    for part in functions:
        name = part.name.partition(": ")[0]
        known = modules.get(name, Part(name, 0, 0))
        modules[name] = Part(name, known.calls + part.calls, known.microseconds + part.microseconds)
    return list(modules.values())


def _module(path: str) -> str:
    """A source file as people know it."""
    inside = path.partition(SITE_PACKAGES)[2] or path.partition("/src/")[2]
    return inside or "/".join(Path(path).parts[-2:])


def _table(title: str, parts: list[Part]) -> Table:
    table = Table(title, "calls a job", "µs a job")
    for column in table.columns[1:]:
        column.justify = "right"
    for part in sorted(parts, key=lambda each: each.microseconds, reverse=True)[:ROWS]:
        table.add_row(part.name, f"{part.calls / JOBS:.2f}", f"{part.microseconds / JOBS:.2f}")
    return table


if __name__ == "__main__":
    quiet()
    run(main())
