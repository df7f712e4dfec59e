"""Waiting for conditions: no test sleeps and hopes."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def eventually(
    condition: Callable[[], Awaitable[object] | object], *, timeout: float = 20.0, every: float = 0.01
) -> object:
    """The first truthy value of `condition` (plain or async), asked again and again for `timeout` seconds.

    Raises:
        AssertionError: the condition never held; the message has its last value.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"condition did not hold within {timeout} s; last value: {value!r}")
        await asyncio.sleep(every)
