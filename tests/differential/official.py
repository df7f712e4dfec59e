"""The oracle: what BullMQ's own scripts make of the steps that our side takes.

Where ours does in one call what BullMQ does in many, the many are, by definition: add, one script per job in
order; settle and take, one script per outcome in order, the last one with BullMQ's own fetch if it ends a
job, then moveToActive until the capacity is reached or nothing comes.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from differential.adding import Parent, add_call
from differential.options import Options, job_options, milliseconds
from differential.scripts import Argument, Call, OfficialScripts, pack, under
from differential.settling import settle_call, take_call
from differential.side import Clock, Job, Reply, Worker
from redis import Redis

from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed, Failed, Outcome
from toril.bull.queue import NewJob

MOST_LOG_LINES = 1000
PAUSE = "wait paused meta prioritized events delayed marker"
RESUME = "paused wait meta prioritized events delayed marker"
STATES = "completed failed delayed active wait paused waiting-children prioritized"
STALLED = "stalled wait active stalled-check meta paused marker events repeat"


class Official:
    """One queue, driven by the official scripts.

    Args:
        scripts: run against `client`.
        keys: the queue's; its prefix is this side's own.
    """

    def __init__(
        self, client: Redis, scripts: OfficialScripts, keys: QueueKeys, clock: Clock, worker: Worker
    ) -> None:
        self.client = client
        self.keys = keys
        self.clock = clock
        self.worker = worker
        self._scripts = scripts

    # --- the steps that are compared ------------------------------------------------------------------------

    def add(self, jobs: Sequence[NewJob]) -> list[str]:
        """Adds jobs in order; answers with their ids."""
        calls = [
            add_call(
                self.keys,
                self._now,
                job.name,
                job.data,
                job_options(job.options, job.job_id),
                job_id=job.job_id,
            )
            for job in jobs
        ]
        return [job_id.decode() for job_id in self._scripts.run_all(calls)]

    def settle_and_take(self, outcomes: Sequence[Outcome], capacity: int, token: str) -> Reply:
        """Settles the outcomes, then takes up to `capacity` jobs, locked with `token`."""
        refused: list[tuple[str, int]] = []
        taken: list[Any] = []
        for outcome in outcomes:
            fetches = capacity > 0 and outcome is outcomes[-1] and isinstance(outcome, Completed | Failed)
            call = settle_call(self.keys, self._now, self.worker, outcome, fetches=fetches)
            reply = self._scripts.run(call)
            if isinstance(reply, int) and reply < 0:
                refused.append((outcome.job_id, reply))
            elif isinstance(reply, list) and isinstance(reply[0], list):
                taken.append(reply)
                # The official script gives the job the finishing job's token.
                self.client.set(self.keys.lock(reply[1].decode()), token, px=self._lock_duration)
        last: Sequence[Any] = (0, 0, 0, 0)
        while len(taken) < capacity:
            last = self._scripts.run(take_call(self.keys, self._now, self.worker, token))
            if not isinstance(last[0], list):
                break
            taken.append(last)
        stopped = len(taken) < capacity
        return Reply(
            refused=refused,
            jobs=[_job(fields, job_id) for fields, job_id, _, _ in taken],
            limited_for=last[2] / 1000 if stopped else 0.0,
            next_due=last[3] / 1000 if stopped and last[3] else None,
            blocked=stopped and self._is_blocked(),
        )

    def recover_stalled(self) -> list[str]:
        """Puts stalled jobs back; answers with their ids."""
        interval = milliseconds(self.worker.stalled_interval)
        arguments = [self.worker.most_stalls, self.keys.base, self._now, interval]
        reply = self._run("moveStalledJobsToWait-9", STALLED, arguments)
        return [job_id.decode() for job_id in reply]

    def renew_locks(self, locks: Sequence[tuple[str, str]]) -> list[str]:
        """Renews locks given as (job id, token); answers with the ids of those that are lost."""
        job_ids, tokens = [job_id for job_id, _ in locks], [token for _, token in locks]
        arguments = [self.keys.base, pack(tokens), pack(job_ids), self._lock_duration]
        return [job_id.decode() for job_id in self._run("extendLocks-1", "stalled", arguments)]

    def update_progress(self, job_id: str, fraction: float) -> int:
        """Notes how far a job is; 0, or -1 for a job that is gone."""
        progress = json.dumps(round(fraction * 100))
        return self._run("updateProgress-3", f"{job_id} events meta", [job_id, progress])

    def add_log(self, job_id: str, line: str) -> int:
        """Adds a line to a job's log; 0, or -1 for a job that is gone."""
        arguments = [job_id, line, MOST_LOG_LINES]
        return min(0, self._run("addLog-2", f"{job_id} {job_id}:logs", arguments))

    def cancel(self, job_id: str) -> str | None:
        """Removes a job that waits to be started; answers `removed`, why not, or None for no such job."""
        state = self._run("getStateV2-8", STATES, [job_id, self.keys.job(job_id)]).decode()
        if state == "unknown":
            return None
        if state not in ("waiting", "delayed", "prioritized"):
            return state
        code = self._run("removeJob-2", f"{job_id} repeat", [job_id, "0", self.keys.base])
        return {1: "removed", -8: "scheduled"}[code]

    # --- what only BullMQ's own producers and dashboards do: the same on both sides -------------------------

    def add_one(
        self,
        name: str,
        options: Options,
        *,
        job_id: str | None = None,
        parent: Parent | None = None,
        waits_for_children: bool = False,
    ) -> str | int:
        """Adds one job with BullMQ's own options; its id, or a negative code. See `add_call`."""
        call = add_call(
            self.keys,
            self._now,
            name,
            b"{}",
            {"attempts": 1, **options},
            job_id=job_id,
            parent=parent,
            waits_for_children=waits_for_children,
        )
        reply = self._scripts.run(call)
        return reply.decode() if isinstance(reply, bytes) else reply

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

    @property
    def _now(self) -> int:
        return milliseconds(self.clock.now)

    @property
    def _lock_duration(self) -> int:
        return milliseconds(self.worker.lock_duration)

    def _run(self, script: str, names: str, arguments: Sequence[Argument]) -> Any:
        return self._scripts.run(Call(script, under(self.keys.base, names), arguments))

    def _steer(self, fields: Mapping[str, int | None]) -> None:
        for field, value in fields.items():
            if value is None:
                self.client.hdel(self.keys.meta, field)
            else:
                self.client.hset(self.keys.meta, field, value)

    def _is_blocked(self) -> bool:
        paused, most = self.client.hmget(self.keys.meta, "paused", "concurrency")
        running = self.client.llen(self.keys.active)
        return paused is not None or (most is not None and running >= int(most))


def _job(flat: Sequence[bytes], job_id: bytes) -> Job:
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    deferred_failure = fields.get(b"defa")
    return Job(
        id=job_id.decode(),
        name=fields[b"name"].decode(),
        data=fields[b"data"],
        attempts=max(1, json.loads(fields[b"opts"]).get("attempts", 1)),
        attempts_made=int(fields.get(b"atm", 0)),
        attempts_started=int(fields[b"ats"]),
        stalled_count=int(fields.get(b"stc", 0)),
        enqueued_at=int(fields[b"timestamp"]) / 1000,
        deferred_failure=None if deferred_failure is None else deferred_failure.decode(),
    )
