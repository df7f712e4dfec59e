"""Working, as BullMQ's scripts do it.

Where ours does in one call what BullMQ does in many, the many are, by definition: add, one script per job in
order; settle and take, one script per outcome in order, the last one with BullMQ's own fetch if it ends a
job, then moveToActive until the capacity is reached or nothing comes.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from differential.official.queue import OfficialQueue
from differential.options import milliseconds
from differential.scripts import pack
from differential.settling import settle_call, take_call
from differential.side import Job, Reply, Worker

from toril.bull.intake import RateLimit
from toril.bull.outcomes import Completed, Failed, Limited, Outcome, Parked, Released

MOST_LOG_LINES = 1000
STALLED = "stalled wait active stalled-check meta paused marker events repeat"


MANUAL_LIMIT = 2**53 - 1
NOTHING_PENDING = 1


class OfficialWorking(OfficialQueue):
    """Jobs are taken, followed and settled."""

    def settle_and_take(self, outcomes: Sequence[Outcome], capacity: int, token: str) -> Reply:
        """Settles the outcomes, then takes up to `capacity` jobs, locked with `token`."""
        refused: list[tuple[str, int]] = []
        taken: list[Any] = []
        for outcome in outcomes:
            fetches = capacity > 0 and outcome is outcomes[-1] and isinstance(outcome, Completed | Failed)
            reply = self._settle(outcome, fetches=fetches)
            if isinstance(reply, int) and reply < 0:
                refused.append((outcome.job_id, reply))
            elif isinstance(reply, list) and isinstance(reply[0], list):
                taken.append(reply)
                # The official script gives the job the finishing job's token.
                self.client.set(self.keys.lock(reply[1].decode()), token, px=self._lock_duration)
        last: Sequence[Any] = (0, 0, 0, 0)
        while len(taken) < capacity:
            last = self._scripts.run(take_call(self.keys, self._now, self._heedful_worker(), token))
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

    def _settle(self, outcome: Outcome, *, fetches: bool) -> Any:
        worker = self._heedful_worker()
        reply = self._scripts.run(settle_call(self.keys, self._now, worker, outcome, fetches=fetches))
        if isinstance(outcome, Released | Limited):
            self._wake_for(outcome.job_id)
        if isinstance(outcome, Limited) and reply >= 0:
            self.limit_rate_for(outcome.retry_after)
        elif isinstance(outcome, Parked) and reply == NOTHING_PENDING:
            # BullMQ's processor runs on then; ours has ended, and runs again.
            return self._settle(Released(outcome.job_id, outcome.token), fetches=False)
        return reply

    def _wake_for(self, job_id: str) -> None:
        """BullMQ wakes nobody for a prioritized job that is handed back; ours do."""
        is_prioritized = self.client.zscore(f"{self.keys.base}prioritized", job_id) is not None
        if is_prioritized and not self._is_blocked():
            self.client.zadd(self.keys.marker, {"0": 0})

    def _heedful_worker(self) -> Worker:
        """BullMQ's workers heed a manual limit only if they have a limit of their own; ours always do."""
        limiter = f"{self.keys.base}limiter"
        holds = int(self.client.get(limiter) or 0) >= MANUAL_LIMIT and self.client.pttl(limiter) > 0
        return replace(self.worker, limit=RateLimit(MANUAL_LIMIT, 1.0)) if holds else self.worker

    def limit_rate_for(self, duration: float) -> None:
        """Lets no job start for so many seconds (`Queue.rateLimit`)."""
        self.client.set(f"{self.keys.base}limiter", MANUAL_LIMIT, px=milliseconds(duration))

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

    def add_log(self, job_id: str, line: str, limit: int = MOST_LOG_LINES) -> int:
        """Adds a line to a job's log that keeps so many; 0, or -1 for a job that is gone."""
        arguments = [job_id, line, limit]
        return min(0, self._run("addLog-2", f"{job_id} {job_id}:logs", arguments))

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
