"""Removing what accidents and very old clients leave of jobs that stand in no state."""

from collections.abc import Iterator, Sequence

from toril.bull.admin.steering import Steering, Told, told_nobody
from toril.bull.codec import text
from toril.bull.directory import KEYS_A_CALL, literally

MOST_ORPHANS_A_SCRIPT = 100  # each is looked for in every list and set
_STATES = "wait paused active prioritized delayed waiting-children completed failed"
_OTHERS = "id meta events marker pc limiter stalled stalled-check repeat de dn metrics priority delay"
_OF_THE_QUEUE = frozenset(f"{_STATES} {_OTHERS}".split())
_PARTS_OF_A_JOB = frozenset(("logs", "dependencies", "processed", "failed", "unsuccessful", "lock"))


class OrphanSteering(Steering):
    """Finds them by their keys."""

    async def remove_orphans(self, *, told: Told = told_nobody) -> list[str]:
        """Removes jobs that no state holds, with their logs and locks.

        It walks the key space of the whole server, a few thousand keys a call.

        Args:
            told: called with how many are removed so far.

        Returns:
            the ids of the jobs removed.
        """
        removed: list[str] = []
        for node in await self._connection.nodes():
            cursor: bytes | int = 0
            while True:
                pattern = f"{literally(self._keys.base)}*"
                cursor, keys = await node.execute("SCAN", cursor, "MATCH", pattern, "COUNT", KEYS_A_CALL)
                for ids in _in_parts(sorted({job_id for key in keys if (job_id := self._owner(key))})):
                    removed += [text(job_id) for job_id in await self._run("remove_orphans", *ids)]
                    told(len(removed))
                if int(cursor) == 0:
                    break
        return removed

    def _owner(self, key: bytes) -> str | None:
        """The job that a key belongs to, or None for one that belongs to the queue or to a schedule."""
        owner, colon, part = text(key).removeprefix(self._keys.base).partition(":")
        return owner if owner not in _OF_THE_QUEUE and (not colon or part in _PARTS_OF_A_JOB) else None


def _in_parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(ids), MOST_ORPHANS_A_SCRIPT):
        yield ids[begin : begin + MOST_ORPHANS_A_SCRIPT]
