"""The child processes of one worker."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial

from toril.worker.errors import MemoryLimitExceeded
from toril.worker.isolation.child_process import ChildProcess

# How often the children that run jobs are looked after.
LOOK_EVERY = 0.2
# What an idle child may take to end by itself.
ENDS_WITHIN = 2.0


class ProcessPool:
    """Starts children as jobs need them, keeps them for the next ones, and replaces those that died.

    Args:
        size: how many there may be.
        memory_limit: bytes of memory that each may hold; None for any number.
        job_limit: how many jobs each runs before it is replaced; None for any number.
    """

    def __init__(self, *, size: int, memory_limit: int | None = None, job_limit: int | None = None) -> None:
        self._places = asyncio.Semaphore(size)
        self._memory_limit = memory_limit
        self._job_limit = job_limit
        self._idle: list[ChildProcess] = []
        self._busy: set[ChildProcess] = set()
        self._leaving: set[ChildProcess] = set()

    @asynccontextmanager
    async def child(self) -> AsyncGenerator[ChildProcess]:
        """A child for one run, as soon as one is free; one that is killed meanwhile is replaced.

        Raises:
            OSError: none can be started.
        """
        async with self._places:
            child = self._take_idle() or await ChildProcess.start()
            self._busy.add(child)
            child.runs += 1
            try:
                yield child
            finally:
                self._busy.discard(child)
                self._put_back(child)

    async def look_after(self) -> None:
        """Kills children that took too much memory, and notices deaths that the socket did not tell of."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for child in self._busy:
                self._look_at(child)
            for child in [child for child in self._leaving if child.has_ended]:
                self._leaving.discard(child)
                await child.bury()

    async def close(self) -> None:
        """Ends all children: those that run a job by force, the others by themselves if they can."""
        for child in self._idle:
            child.dismiss()
        quiet = {*self._idle, *self._leaving}
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(ENDS_WITHIN):
                    while not all(child.has_ended for child in quiet):  # noqa: ASYNC110 - no event tells of it
                        await asyncio.sleep(0.01)
        finally:
            await asyncio.gather(*(child.bury() for child in {*quiet, *self._busy}))

    def _take_idle(self) -> ChildProcess | None:
        while self._idle:
            child = self._idle.pop()
            if child.is_of_use:
                return child
            self._leave(child)
        return None

    def _put_back(self, child: ChildProcess) -> None:
        if child.is_of_use and (self._job_limit is None or child.runs < self._job_limit):
            self._idle.append(child)
        else:
            self._leave(child)

    def _leave(self, child: ChildProcess) -> None:
        child.dismiss()
        self._leaving.add(child)

    def _look_at(self, child: ChildProcess) -> None:
        if child.has_ended:
            child.dismiss()
        elif self._memory_limit is not None and (taken := child.memory) > self._memory_limit:
            child.kill(partial(MemoryLimitExceeded, limit=self._memory_limit, taken=taken))
