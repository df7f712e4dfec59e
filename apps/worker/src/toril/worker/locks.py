"""Keeping the locks of running jobs, in a thread that no handler can hold up."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from toril.bull.intake import TakenJob
from toril.bull.locks import LockRenewal
from toril.bull.outcomes import Outcome
from toril.worker import log


class HeldLock(NamedTuple):
    """A lock that this worker holds. Times are of the monotonic clock; `renew_until` is None for no bound."""

    token: str
    renewed_at: float
    renew_until: float | None


class LockKeeper:
    """Renews the locks of one worker's jobs until they are settled.

    A job whose timeout has passed is renewed no longer: if its handler does not yield, the lock runs out and
    another worker may have the job.

    Args:
        renewal: the wire; its connection is used by the keeper's thread alone.
        lock_duration: seconds for which a lock lasts; each is renewed while more than half of it is left, so
            that a short outage costs none.
        grace: seconds for which a job is renewed that is found to be cancelled.
        on_lost: called in the keeper's thread with (job id, token) of a lock that is no longer ours.
        on_cancelled: called so for a job that is to be cancelled, with every renewal of its lock.
    """

    def __init__(
        self,
        renewal: LockRenewal,
        *,
        lock_duration: float,
        grace: float,
        on_lost: Callable[[str, str], None],
        on_cancelled: Callable[[str, str], None],
    ) -> None:
        self._renewal = renewal
        self._interval = lock_duration / 6
        self._grace = grace
        self._on_lost = on_lost
        self._on_cancelled = on_cancelled
        self._held: dict[str, HeldLock] = {}
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="toril-locks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, and with it a renewal that waits for Redis."""
        self._stopping.set()
        self._renewal.close()
        if self._thread.is_alive():
            self._thread.join()

    def exchanged(self, settled: Iterable[Outcome], taken: Iterable[TakenJob]) -> None:
        """Renews the locks of jobs no longer that are settled, and from now on those of jobs just taken."""
        held, now = self._held, time.monotonic()
        with self._guard:
            for outcome in settled:
                lock = held.get(outcome.job_id)
                if lock is not None and lock.token == outcome.token:
                    del held[outcome.job_id]
            lock = None
            for job in taken:
                if lock is None or lock.token != job.token:  # those of one round trip share it
                    lock = HeldLock(job.token, now, None)
                held[job.id] = lock

    def bound(self, job_id: str, token: str, renew_for: float) -> None:
        """Renews a job's lock for at most `renew_for` seconds from now on, or for less as said before."""
        until = time.monotonic() + renew_for
        with self._guard:
            lock = self._held.get(job_id)
            if lock is not None and lock.token == token:
                bound = until if lock.renew_until is None else min(lock.renew_until, until)
                self._held[job_id] = lock._replace(renew_until=bound)

    @property
    def lag(self) -> float:
        """Seconds by which the renewal of the oldest lock is late; 0 if none is. For any thread."""
        now = time.monotonic()
        with self._guard:
            held = list(self._held.values())
        oldest = min(
            (lock.renewed_at for lock in held if lock.renew_until is None or now < lock.renew_until),
            default=now,
        )
        # The thread looks once an interval, and renews what is an interval old by then.
        return max(now - oldest - 2 * self._interval, 0.0)

    def _run(self) -> None:
        pause = self._interval
        while not self._stopping.wait(pause):
            try:
                self._renew(time.monotonic())
            except Exception as error:  # noqa: BLE001 - nothing may end this thread while jobs run
                # The locks last longer than a short outage: try again soon, and often.
                pause = min(self._interval, 0.5)
                if not self._stopping.is_set():
                    log.locks_not_renewed(str(error))
            else:
                pause = self._interval

    def _renew(self, now: float) -> None:
        with self._guard:
            held = list(self._held.items())
        due = [
            (job_id, lock)
            for job_id, lock in held
            if now - lock.renewed_at >= self._interval
            and (lock.renew_until is None or now < lock.renew_until)
        ]
        if not due:
            return
        renewal = self._renewal.renew([(job_id, lock.token) for job_id, lock in due])
        for job_id, lock in due:
            if job_id in renewal.lost:
                self._drop(job_id, lock.token)
                self._on_lost(job_id, lock.token)
                continue
            self._note_renewal(job_id, lock.token, now)
            if job_id in renewal.cancelled:
                self.bound(job_id, lock.token, self._grace)
                self._on_cancelled(job_id, lock.token)

    def _drop(self, job_id: str, token: str) -> None:
        with self._guard:
            lock = self._held.get(job_id)
            if lock is not None and lock.token == token:
                del self._held[job_id]

    def _note_renewal(self, job_id: str, token: str, renewed_at: float) -> None:
        with self._guard:
            held = self._held.get(job_id)
            if held is not None and held.token == token:
                self._held[job_id] = held._replace(renewed_at=renewed_at)
