"""A process that stands still, as under a debugger, on a starved machine, or while its machine is moved."""

import asyncio
import os
import signal


async def stand_still(pid: int, seconds: float) -> None:
    """SIGSTOP, and SIGCONT so many seconds later."""
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)
