"""The oracle: what BullMQ's own scripts make of the steps that our side takes.

Where ours does in one call what BullMQ does in many, the many are, by definition: add, one script per job in
order; settle and take, one script per outcome in order, the last one with BullMQ's own fetch if it ends a
job, then moveToActive until the capacity is reached or nothing comes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from differential.options import Options, job_options, keep_jobs, milliseconds
from differential.scripts import Argument, OfficialScripts, pack
from differential.side import Clock, Job, Reply, Worker
from redis import Redis

from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed, Failed, Outcome, Postponed, Released, Retried
from toril.bull.queue import NewJob

MOST_LOG_LINES = 1000
_ADD = {
    "addStandardJob-9": "wait paused meta id completed delayed active events marker",
    "addDelayedJob-6": "marker meta id delayed completed events",
    "addPrioritizedJob-9": "marker meta id prioritized delayed completed active events pc",
    "addParentJob-6": "meta id delayed waiting-children completed events",
}
_TAKE = "wait active prioritized events stalled limiter delayed paused meta pc"


class Parent(NamedTuple):
    """Whose child a job is: `queue` is None for its own; `flag` is None, fpof, cpof, idof or rdof."""

    id: str
    queue: str | None = None
    flag: str | None = None

    def note(self, keys: QueueKeys) -> Options:
        flags = {self.flag: True} if self.flag else {}
        return {"id": self.id, "queueKey": keys.qualified, **flags}


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
        return [
            self.add_one(job.name, job.data, job_options(job.options, job.job_id), job_id=job.job_id)
            for job in jobs
        ]

    def settle_and_take(self, outcomes: Sequence[Outcome], capacity: int, token: str) -> Reply:
        """Settles the outcomes, then takes up to `capacity` jobs, locked with `token`."""
        refused: list[tuple[str, int]] = []
        taken: list[Any] = []
        for outcome in outcomes:
            fetches = capacity > 0 and outcome is outcomes[-1] and isinstance(outcome, Completed | Failed)
            reply = self._settle(outcome, fetches)
            if isinstance(reply, int) and reply < 0:
                refused.append((outcome.job_id, reply))
            elif isinstance(reply, list) and isinstance(reply[0], list):
                taken.append(reply)
                # The official script gives the job the finishing job's token.
                self.client.set(self.keys.lock(reply[1].decode()), token, px=self._lock_duration)
        last: Sequence[Any] = (0, 0, 0, 0)
        while len(taken) < capacity:
            last = self._take(token)
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
        keys = self._keys("stalled wait active stalled-check meta paused marker events repeat")
        interval = milliseconds(self.worker.stalled_interval)
        arguments = [self.worker.most_stalls, self.keys.base, self._now, interval]
        return [job_id.decode() for job_id in self._scripts.run("moveStalledJobsToWait-9", keys, arguments)]

    def renew_locks(self, locks: Sequence[tuple[str, str]]) -> list[str]:
        """Renews locks given as (job id, token); answers with the ids of those that are lost."""
        job_ids, tokens = [job_id for job_id, _ in locks], [token for _, token in locks]
        arguments = [self.keys.base, pack(tokens), pack(job_ids), self._lock_duration]
        lost = self._scripts.run("extendLocks-1", [self.keys.stalled], arguments)
        return [job_id.decode() for job_id in lost]

    def update_progress(self, job_id: str, fraction: float) -> int:
        """Notes how far a job is; 0, or -1 for a job that is gone."""
        keys = [self.keys.job(job_id), self.keys.events, self.keys.meta]
        return self._scripts.run("updateProgress-3", keys, [job_id, json.dumps(round(fraction * 100))])

    def add_log(self, job_id: str, line: str) -> int:
        """Adds a line to a job's log; 0, or -1 for a job that is gone."""
        keys = [self.keys.job(job_id), self.keys.logs(job_id)]
        return min(0, self._scripts.run("addLog-2", keys, [job_id, line, MOST_LOG_LINES]))

    # --- what only BullMQ's own producers and dashboards do: the same on both sides -------------------------

    def add_one(
        self,
        name: str,
        data: bytes,
        options: Options,
        *,
        job_id: str | None = None,
        parent: Parent | None = None,
        waits_for_children: bool = False,
    ) -> str | int:
        """Adds one job with BullMQ's own options; the id, or a negative code.

        Args:
            waits_for_children: makes it a parent, which runs when its children are through.
        """
        options = {option: value for option, value in options.items() if value is not None}
        script = "addStandardJob-9"
        if waits_for_children:
            script = "addParentJob-6"
        elif options.get("delay"):
            script = "addDelayedJob-6"
        elif options.get("priority"):
            script = "addPrioritizedJob-9"
        parent_queue = QueueKeys(parent.queue or self.keys.queue, prefix=self.keys.prefix) if parent else None
        parent_key = parent_queue.job(parent.id) if parent and parent_queue else None
        deduplication = options.get("de")
        arguments = [
            self.keys.base,
            job_id or "",
            name,
            self._now,
            parent_key,
            f"{parent_key}:dependencies" if parent_key else None,
            parent and parent_queue and parent.note(parent_queue),
            None,
            f"{self.keys.base}de:{deduplication['id']}" if deduplication else None,
        ]
        reply = self._scripts.run(script, self._keys(_ADD[script]), [pack(arguments), data, pack(options)])
        return reply.decode() if isinstance(reply, bytes) else reply

    def pause(self) -> None:
        """Lets nobody take jobs."""
        keys = self._keys("wait paused meta prioritized events delayed marker")
        self._scripts.run("pause-7", keys, ["paused", "1"])

    def resume(self) -> None:
        """Ends a pause."""
        keys = self._keys("paused wait meta prioritized events delayed marker")
        self._scripts.run("pause-7", keys, ["resumed", "1"])

    def set_concurrency(self, most: int | None) -> None:
        """How many jobs may run at once, over all workers; None for any number."""
        self._steer({"concurrency": most})

    def set_rate_limit(self, jobs: int | None, duration: float | None = None) -> None:
        """How many jobs may start per `duration` seconds; None for any number."""
        self._steer({"max": jobs, "duration": None if duration is None else milliseconds(duration)})

    def forget(self, *names: str) -> None:
        """Deletes keys of the queue as if their time had run out: a lock, the limiter, the stalled check."""
        self.client.delete(*self._keys(" ".join(names)))

    def plant(self, command: str, name: str, *arguments: Argument) -> None:
        """Runs any command on a key of the queue, to make what older versions or accidents leave behind."""
        self.client.execute_command(command, self.keys.base + name, *arguments)

    # --- the scripts ----------------------------------------------------------------------------------------

    @property
    def _now(self) -> int:
        return milliseconds(self.clock.now)

    @property
    def _lock_duration(self) -> int:
        return milliseconds(self.worker.lock_duration)

    def _keys(self, names: str) -> list[str]:
        return [self.keys.base + name for name in names.split()]

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

    def _settle(self, outcome: Outcome, fetches: bool) -> Any:
        match outcome:
            case Completed():
                return self._finish(outcome, "returnvalue", outcome.result, b"", 1, fetches)
            case Failed():
                fields = _failure(outcome.reason, outcome.stacktrace)
                return self._finish(
                    outcome, "failedReason", outcome.reason, fields, outcome.attempts, fetches
                )
            case Retried():
                keys = self._keys(f"active wait paused {outcome.job_id} meta events delayed prioritized pc")
                keys += self._keys("marker stalled")
                fields = _failure(outcome.reason, outcome.stacktrace)
                arguments = [self.keys.base, self._now, "LPUSH", outcome.job_id, outcome.token, fields]
                return self._scripts.run("retryJob-11", keys, arguments)
            case Postponed():
                return self._postpone(outcome)
            case Released():
                keys = self._keys("active wait stalled paused meta limiter prioritized marker events")
                arguments = [outcome.job_id, outcome.token, self.keys.job(outcome.job_id)]
                return self._scripts.run("moveJobFromActiveToWait-9", keys, arguments)

    def _finish(
        self,
        outcome: Completed | Failed,
        field: str,
        value: Argument,
        fields: bytes,
        attempts: int,
        fetches: bool,
    ) -> Any:
        target = "completed" if isinstance(outcome, Completed) else "failed"
        keys = self._keys(f"{_TAKE} {target} {outcome.job_id} metrics:{target} marker")
        options = {
            **self._terms(outcome.token),
            "keepJobs": keep_jobs(outcome.keep),
            "attempts": attempts,
            "maxMetricsSize": "",
        }
        now, fetch = self._now, "1" if fetches else "0"
        arguments = [outcome.job_id, now, field, value, target, fetch, self.keys.base, pack(options), fields]
        return self._scripts.run("moveToFinished-14", keys, arguments)

    def _postpone(self, outcome: Postponed) -> Any:
        keys = self._keys(
            f"marker active prioritized delayed {outcome.job_id} events meta stalled wait limiter pc"
        )
        arguments = [
            self.keys.base,
            self._now,
            outcome.job_id,
            outcome.token,
            milliseconds(outcome.delay),
            "0" if outcome.burns_attempt else "1",
            _failure(outcome.reason, outcome.stacktrace),
            "0",
            "",
        ]
        return self._scripts.run("moveToDelayed-11", keys, arguments)

    def _take(self, token: str) -> Sequence[Any]:
        arguments = [self.keys.base, self._now, pack(self._terms(token))]
        return self._scripts.run("moveToActive-11", self._keys(f"{_TAKE} marker"), arguments)

    def _terms(self, token: str) -> Options:
        limit = self.worker.limit
        return {
            "token": token,
            "lockDuration": self._lock_duration,
            "name": self.worker.name,
            "limiter": limit and {"max": limit.jobs, "duration": milliseconds(limit.duration)},
        }


def _failure(reason: str | None, stacktrace: Iterable[str]) -> bytes:
    """The fields that a failed attempt updates; an empty string, and no empty array, for none."""
    if reason is None:
        return b""
    return pack(["failedReason", reason, "stacktrace", json.dumps(list(stacktrace))])


def _job(flat: Sequence[bytes], job_id: bytes) -> Job:
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    deferred_failure, parent_key = fields.get(b"defa"), fields.get(b"parentKey")
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
        parent_key=None if parent_key is None else parent_key.decode(),
    )
