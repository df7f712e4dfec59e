"""saq: `python -m chaos.systems.saq work` or `add`. A job that loses its worker may be tried again."""

import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from chaos.systems.chores import do_chore, part, produce
from chaos.terms import Chore

saq: Any = import_module("saq")  # its environment is not ours

TIMEOUT = 10.0  # saq's default; a longer job needs more, as saq takes it for lost then
RETRIES = 3

queue: Any = saq.Queue.from_url(part().url, name="chaos")


async def do(_: object, *, number: int, seconds: float, how: str) -> int:
    return await do_chore(number, seconds, how)


async def work() -> None:
    worker = saq.Worker(queue, functions=[("do", do)], concurrency=part().concurrency)
    await worker.start()


async def add(chores: Sequence[Chore]) -> None:
    await asyncio.gather(*[_enqueue(chore) for chore in chores])


async def _enqueue(chore: Chore) -> None:
    await queue.enqueue(
        "do",
        key=f"chore-{chore.number}",
        number=chore.number,
        seconds=chore.seconds,
        how=chore.how,
        timeout=max(TIMEOUT, 2 * chore.seconds),
        retries=RETRIES,
    )


if __name__ == "__main__":
    asyncio.run(work() if sys.argv[1] == "work" else produce(add))
