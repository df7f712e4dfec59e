"""What asyncio logs as forgotten."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def nothing_forgotten() -> AsyncGenerator[list[dict[str, Any]]]:
    """What asyncio would have logged; there must be nothing at the end."""
    collected: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, report: collected.append(report))
    yield collected
    for _ in range(3):
        gc.collect()
        await asyncio.sleep(0)
    assert collected == []
