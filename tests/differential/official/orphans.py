"""What Node's `Queue.removeOrphanedJobs` does: its own script, given the candidates as Node picks them."""

from differential.official.queue import OfficialQueue

STATES = ["active", "wait", "waiting-children", "paused", "delayed", "prioritized", "completed", "failed"]
OTHERS = ["id", "stalled-check", "stalled", "repeat", "limiter", "meta", "events", "pc", "marker", "de"]
PARTS = ["logs", "dependencies", "processed", "failed", "unsuccessful", "lock"]
# BullMQ takes the metrics of failed jobs for a part of a job `metrics`.
NOT_A_JOB = "metrics"


class OfficialOrphans(OfficialQueue):
    """Jobs in no state are looked for, which should not be there."""

    def remove_orphans(self) -> int:
        """How many there were."""
        known = [*STATES, *OTHERS]
        arguments = [len(known), *known, len(PARTS), *PARTS, *sorted(self._candidates())]
        return self._run("removeOrphanedJobs-1", "", arguments)

    def _candidates(self) -> set[str]:
        found: set[str] = set()
        for key in self.client.scan_iter(f"{self.keys.base}*", count=1000):
            owner, colon, part = key.decode().removeprefix(self.keys.base).partition(":")
            if owner not in (*STATES, *OTHERS, NOT_A_JOB) and (not colon or part in PARTS):
                found.add(owner)
        return found
