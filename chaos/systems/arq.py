"""arq: `python -m chaos.systems.arq work` or `add`."""

import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from chaos.systems.chores import do_chore, part, produce
from chaos.terms import Chore

arq: Any = import_module("arq")  # its environment is not ours
settings: Any = import_module("arq.connections").RedisSettings.from_dsn(part().url)


async def do(_: object, number: int, seconds: float, how: str) -> int:
    return await do_chore(number, seconds, how)


def work() -> None:
    worker = arq.Worker(functions=[do], redis_settings=settings, max_jobs=part().concurrency)
    worker.run()


async def add_all() -> None:
    """The producer."""
    pool = await arq.create_pool(settings)

    async def add(chores: Sequence[Chore]) -> None:
        await asyncio.gather(
            *[
                pool.enqueue_job(
                    "do", chore.number, chore.seconds, str(chore.how), _job_id=f"chore-{chore.number}"
                )
                for chore in chores
            ]
        )

    await produce(add)


if __name__ == "__main__":
    if sys.argv[1] == "work":
        asyncio.set_event_loop(asyncio.new_event_loop())  # arq asks for one before it runs
        work()
    else:
        asyncio.run(add_all())
