"""Steering one job, as BullMQ does it: `done`, the job's state, or None for no such job."""

import json

from differential.official.queue import OfficialQueue
from differential.options import milliseconds

STATES = "completed failed delayed active wait paused waiting-children prioritized"
REPROCESS = "{id} events {state} wait meta active marker prioritized pc"
PROMOTE = "delayed wait paused meta prioritized active pc events marker"
CHANGE_PRIORITY = "wait paused meta prioritized active pc marker"


class OfficialJobs(OfficialQueue):
    """What people and dashboards do to one job."""

    def cancel(self, job_id: str) -> str | None:
        """Removes a job that waits to be started; answers `removed`, why not, or None for no such job."""
        state = self._state(job_id)
        if state not in ("waiting", "delayed", "prioritized"):
            return state
        return self._remove(job_id, "0")

    def remove(self, job_id: str, with_children: bool = True) -> str | None:
        """Removes a job: `removed`, `locked`, `scheduled`, or None for no such job."""
        if self._state(job_id) is None and not self.client.exists(self.keys.job(job_id)):
            return None
        return self._remove(job_id, "1" if with_children else "0")

    def retry(self, job_id: str, made: bool = False, started: bool = False) -> str | None:
        """Lets a finished job run again; `made` and `started` reset its attempts."""
        state, options = self._state(job_id), self.client.hget(self.keys.job(job_id), "opts")
        if options is None or state not in ("failed", "completed"):
            return state
        push = "RPUSH" if json.loads(options).get("lifo") else "LPUSH"
        value = "failedReason" if state == "failed" else "returnvalue"
        arguments = [job_id, push, value, state, *("1" if reset else "0" for reset in (made, started))]
        code = self._run("reprocessJob-9", REPROCESS.format(id=job_id, state=state), arguments)
        return {1: "done", -1: None}[code]

    def promote(self, job_id: str) -> str | None:
        """Lets a delayed job run now."""
        code = self._run("promote-9", PROMOTE, [self.keys.base, job_id])
        return "done" if code == 0 else self._state(job_id)

    def change_delay(self, job_id: str, delay: float) -> str | None:
        """Gives a delayed job another time."""
        arguments = [milliseconds(delay), self._now, job_id, self.keys.job(job_id)]
        code = self._run("changeDelay-4", "delayed meta marker events", arguments)
        return "done" if code == 0 else self._state(job_id)

    def change_priority(self, job_id: str, priority: int, lifo: bool = False) -> str | None:
        """Gives a job another priority, whatever its state."""
        arguments = [priority, self.keys.base, job_id, "1" if lifo else "0"]
        return {0: "done", -1: None}[self._run("changePriority-7", CHANGE_PRIORITY, arguments)]

    def update_data(self, job_id: str, data: bytes) -> str | None:
        """Replaces a job's data, whatever its state."""
        return {0: "done", -1: None}[self._run("updateData-1", job_id, [data])]

    def remove_unprocessed_children(self, job_id: str) -> None:
        """Removes the children that have not run."""
        self._run("removeUnprocessedChildren-2", f"{job_id} meta", [self.keys.base, job_id])

    def detach(self, job_id: str) -> bool | None:
        """Makes a job nobody's child: whether it was waited for; None if it or its parent is gone."""
        parent_key = self.client.hget(self.keys.job(job_id), "parentKey")
        if parent_key is None:
            return False if self.client.exists(self.keys.job(job_id)) else None
        code = self._run("removeChildDependency-1", "", [self.keys.job(job_id), parent_key])
        return {0: True, 1: False, -1: None, -5: None}[code]

    def release_deduplication(self, key: str, held_by: str | None = None) -> bool:
        """Frees a deduplication key, if that job holds it, or whoever does."""
        if held_by is None:
            return bool(self.client.delete(f"{self.keys.base}de:{key}"))
        return bool(self._run("removeDeduplicationKey-1", f"de:{key}", [held_by]))

    def _remove(self, job_id: str, children: str) -> str:
        code = self._run("removeJob-2", f"{job_id} repeat", [job_id, children, self.keys.base])
        return {1: "removed", 0: "locked", -8: "scheduled"}[code]

    def _state(self, job_id: str) -> str | None:
        state = self._run("getStateV2-8", STATES, [job_id, self.keys.job(job_id)]).decode()
        return None if state == "unknown" else state
