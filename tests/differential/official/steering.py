"""Steering, as BullMQ's scripts and clients do it."""

from collections.abc import Mapping

from differential.official.emptying import OfficialEmptying
from differential.official.rerunning import OfficialRerunning
from differential.options import milliseconds
from differential.scripts import Argument

PAUSE = "wait paused meta prioritized events delayed marker"
RESUME = "paused wait meta prioritized events delayed marker"


class OfficialSteering(OfficialEmptying, OfficialRerunning):
    """What people, dashboards, accidents and time do to a queue."""

    def pause(self) -> None:
        """Lets nobody take jobs."""
        self._run("pause-7", PAUSE, ["paused", "1"])

    def resume(self) -> None:
        """Ends a pause."""
        emits = "1"
        while self._run("pause-7", RESUME, ["resumed", emits]) > 0:
            emits = "0"

    def put_aside(self) -> None:
        """Moves what waits to where a BullMQ before v6 puts it as it pauses."""
        self.client.rename(self.keys.wait, self.keys.base + "paused")

    def set_concurrency(self, most: int | None) -> None:
        """How many jobs may run at once, over all workers; None for any number."""
        self._steer({"concurrency": most})

    def set_rate_limit(self, jobs: int | None, duration: float | None = None) -> None:
        """How many jobs may start per `duration` seconds; None for any number."""
        self._steer({"max": jobs, "duration": None if duration is None else milliseconds(duration)})

    def limit_rate_for(self, seconds: float) -> None:
        """Lets no job start for a while."""
        self.client.set(self.keys.base + "limiter", 2**53 - 1, px=milliseconds(seconds))

    def end_rate_limit(self) -> bool:
        """Lets jobs start again."""
        return bool(self.client.delete(self.keys.base + "limiter"))

    def trim_events(self, most: int) -> None:
        """Drops the oldest events."""
        self.client.xtrim(self.keys.events, maxlen=most, approximate=True)

    def keep_events(self, most: int) -> None:
        """How many events are kept from now on."""
        self.client.hset(self.keys.meta, "opts.maxLenEvents", most)

    def clear_logs(self, job_id: str, keep: int = 0) -> None:
        """Drops the lines of a job's log, but for the newest."""
        if keep:
            self.client.ltrim(self.keys.logs(job_id), -keep, -1)
        else:
            self.client.delete(self.keys.logs(job_id))

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
