"""A bound on how long a handler may run."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from toril.worker.errors import JobTimedOut

T = TypeVar("T")


async def run_within(timeout: float | None, running: Awaitable[T]) -> T:
    """What comes of a run that may take so many seconds; None is as long as it takes.

    Raises:
        JobTimedOut: it took longer, and was cancelled.
    """
    bound = asyncio.timeout(timeout)
    try:
        async with bound:
            return await running
    except TimeoutError as error:
        # A TimeoutError of the handler's own is its own failure.
        if bound.expired() and timeout is not None:
            raise JobTimedOut(timeout) from error
        raise
