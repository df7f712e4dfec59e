"""Steering, as BullMQ's scripts and clients do it."""

from collections.abc import Mapping

from differential.official.queue import OfficialQueue
from differential.options import milliseconds
from differential.scripts import Argument

PAUSE = "wait paused meta prioritized events delayed marker"
RESUME = "paused wait meta prioritized events delayed marker"
STATES = "completed failed delayed active wait paused waiting-children prioritized"


class OfficialSteering(OfficialQueue):
    """What people, dashboards, accidents and time do to a queue."""

    def cancel(self, job_id: str) -> str | None:
        """Removes a job that waits to be started; answers `removed`, why not, or None for no such job."""
        state = self._run("getStateV2-8", STATES, [job_id, self.keys.job(job_id)]).decode()
        if state == "unknown":
            return None
        if state not in ("waiting", "delayed", "prioritized"):
            return state
        code = self._run("removeJob-2", f"{job_id} repeat", [job_id, "0", self.keys.base])
        return {1: "removed", -8: "scheduled"}[code]

    def pause(self) -> None:
        """Lets nobody take jobs."""
        self._run("pause-7", PAUSE, ["paused", "1"])

    def resume(self) -> None:
        """Ends a pause."""
        self._run("pause-7", RESUME, ["resumed", "1"])

    def set_concurrency(self, most: int | None) -> None:
        """How many jobs may run at once, over all workers; None for any number."""
        self._steer({"concurrency": most})

    def set_rate_limit(self, jobs: int | None, duration: float | None = None) -> None:
        """How many jobs may start per `duration` seconds; None for any number."""
        self._steer({"max": jobs, "duration": None if duration is None else milliseconds(duration)})

    def forget(self, *names: str) -> None:
        """Deletes keys of the queue as if their time had run out: a lock, the limiter, the stalled check."""
        self.client.delete(*[self.keys.base + name for name in names])

    def plant(self, command: str, name: str, *arguments: Argument) -> None:
        """Runs any command on a key of the queue, to make what older versions or accidents leave behind."""
        self.client.execute_command(command, self.keys.base + name, *arguments)

    def _steer(self, fields: Mapping[str, int | None]) -> None:
        for field, value in fields.items():
            if value is None:
                self.client.hdel(self.keys.meta, field)
            else:
                self.client.hset(self.keys.meta, field, value)
