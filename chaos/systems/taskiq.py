"""taskiq on Redis streams, acknowledging late: `python -m chaos.systems.taskiq work` or `add`."""

import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from chaos.systems.chores import do_chore, part, produce
from chaos.terms import Chore

broker: Any = import_module("taskiq_redis").RedisStreamBroker(part().url)  # its environment is not ours


@broker.task(task_name="do")
async def do(number: int, seconds: float, how: str) -> int:
    return await do_chore(number, seconds, how)


def work() -> None:
    """Its own command."""
    options = ["--workers", "1", "--max-async-tasks", str(part().concurrency)]
    sys.argv = ["taskiq", "worker", "chaos.systems.taskiq:broker", *options]
    import_module("taskiq.__main__").main()


async def add_all() -> None:
    """The producer."""
    await broker.startup()

    async def add(chores: Sequence[Chore]) -> None:
        await asyncio.gather(*[do.kiq(chore.number, chore.seconds, str(chore.how)) for chore in chores])

    await produce(add)
    await broker.shutdown()


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work()
    else:
        asyncio.run(add_all())
