"""One session of `toril dev` at a time on a data folder."""

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from toril.cli.errors import SessionRuns
from toril.cli.kept_process import Tell
from toril.embedded import is_alive

LEFTOVERS_END_WITHIN = 60.0
LOOK_EVERY = 0.05


@asynccontextmanager
async def sole_session(data: Path, tell: Tell) -> AsyncGenerator[int]:
    """The descriptor of the folder's lock, for every process of the session to inherit.

    So the lock is held until the last of them has ended: a session that follows a killed one waits for that.

    Raises:
        SessionRuns: another session is at work, or what it left behind does not end.
    """
    lock = _open(data)
    try:
        await _take(lock, data, tell)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _open(data: Path) -> int:
    data.mkdir(parents=True, exist_ok=True)
    return os.open(data / "dev.lock", os.O_RDWR | os.O_CREAT, 0o600)


async def _take(lock: int, data: Path, tell: Tell) -> None:
    has_waited = False
    try:
        async with asyncio.timeout(LEFTOVERS_END_WITHIN):
            while not _try_to_take(lock):
                owner = os.pread(lock, 20, 0).decode()
                if owner and is_alive(int(owner)):
                    raise SessionRuns(str(data))
                if not has_waited:
                    tell("dev", "waiting for what a killed session has left behind to end")
                has_waited = True
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        raise SessionRuns(str(data)) from None


def _try_to_take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
