"""Removing many jobs, as BullMQ's scripts and clients do it."""

from differential.official.queue import OfficialQueue
from differential.options import milliseconds

from toril.types import JobState

DRAIN = "wait paused delayed prioritized repeat"
# BullMQ's client takes 10,000; what is left behind does not depend on it, but for how many events tell of it.
MOST_JOBS_A_CALL = 250


class OfficialEmptying(OfficialQueue):
    """Drain, clean, obliterate."""

    def drain(self, include_delayed: bool = False) -> None:
        """Removes what waits to be started."""
        self._run("drain-5", DRAIN, [self.keys.base, "1" if include_delayed else "0"])

    def clean(self, state: JobState, grace: float = 0.0, limit: int | None = None) -> list[str]:
        """Removes old jobs; answers with their ids."""
        place = "wait" if state is JobState.WAITING else state.value
        newest = self._now - milliseconds(grace)
        removed: list[str] = []
        while limit is None or len(removed) < limit:
            # BullMQ's client counts its second call from the whole limit again, and removes too many.
            most = MOST_JOBS_A_CALL if limit is None else min(limit - len(removed), MOST_JOBS_A_CALL)
            arguments = [self.keys.base, newest, most, place]
            ids = self._run("cleanJobsInSet-3", f"{place} events repeat", arguments)
            removed += [job_id.decode() for job_id in ids]
            if len(ids) < most:
                break
        return removed

    def obliterate(self, force: bool = False) -> str:
        """Removes the whole queue: `done`, `not paused`, or `busy`."""
        arguments = [MOST_JOBS_A_CALL, "force" if force else ""]
        while (code := self._run("obliterate-2", "meta ", arguments)) == 1:
            pass
        return {0: "done", -1: "not paused", -2: "busy"}[code]
