"""Celery with its prefork pool, acknowledging late: `python -m chaos.systems.celery work` or `add`."""

import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from chaos.systems.chores import do_chore_blocking, part, produce
from chaos.terms import Chore

# Its environment is not ours.
app: Any = import_module("celery").Celery("chaos.systems.celery", broker=part().url)
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, broker_connection_retry_on_startup=True)


@app.task(name="do")
def do(number: int, seconds: float, how: str) -> int:
    return do_chore_blocking(number, seconds, how)


def work() -> None:
    """Its own command."""
    options = ["--loglevel", "WARNING", "--concurrency", str(part().concurrency)]
    app.worker_main(["worker", "--hostname", f"chaos-{os.getpid()}", *options])


async def add(chores: Sequence[Chore]) -> None:
    await asyncio.to_thread(_add, chores)


def _add(chores: Sequence[Chore]) -> None:
    for chore in chores:
        do.apply_async(
            (chore.number, chore.seconds, str(chore.how)), task_id=f"chore-{chore.number}", ignore_result=True
        )


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work()
    else:
        asyncio.run(produce(add))
