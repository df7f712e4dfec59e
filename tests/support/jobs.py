"""Contracts and handlers that the tests share: a painter's workshop."""

import asyncio
import time
from typing import Annotated

from pydantic import BaseModel, Field

from toril.jobs import Job, Queue, Retry, fixed
from toril.worker import Handlers, JobContext, Unrecoverable

paint = Queue("paint")


class Painted(BaseModel):
    colour: str
    attempt: int


class Paint(Job[Painted], queue=paint, name="paint", retry=Retry(attempts=3, backoff=fixed(0.05))):
    """Paints something, after as many failures as asked for."""

    colour: Annotated[str, Field(min_length=1, max_length=100)]
    failures: int = 0
    seconds: float = 0.0


class PaintOnce(Job[Painted], queue=paint, name="paint-once", timeout=0.2):
    """One attempt only, and a timeout."""

    colour: str
    seconds: float = 0.0
    blocks: float = 0.0


class Mix(Job[int], queue=paint, name="mix"):
    """Its handler answers with whatever it is asked for, fitting or not."""

    answer: str


class Vanish(Job[None], queue=paint, name="vanish"):
    """No worker of `handlers` knows it."""


class WordlessError(Exception):
    """An error that fails again when it is put in words."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


handlers = Handlers()


@handlers.handles(Paint)
async def paint_it(job: Paint, context: JobContext) -> Painted:
    await context.log(f"attempt {context.attempt}")
    if context.attempt <= job.failures:
        raise ValueError(f"no {job.colour} left")
    if job.seconds:
        await context.progress(0.5, "half way")
        await asyncio.sleep(job.seconds)
    return Painted(colour=job.colour, attempt=context.attempt)


@handlers.handles(PaintOnce)
async def paint_once(job: PaintOnce, context: JobContext) -> Painted:
    if job.colour == "transparent":
        raise Unrecoverable("nobody would see it")
    time.sleep(job.blocks)  # noqa: ASYNC251 - what a careless handler does
    await asyncio.sleep(job.seconds)
    return Painted(colour=job.colour, attempt=context.attempt)


@handlers.handles(Mix)
async def mix(job: Mix, context: JobContext) -> int:
    match job.answer:
        case "exit":
            raise SystemExit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "cancel":
            raise asyncio.CancelledError
        case "cancel itself":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
            return 0
        case "wordless":
            raise WordlessError
        case "nothing":
            return None  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        case "text":
            return "seven"  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        case "nan":
            return float("nan")  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        case _:
            return int(job.answer)
