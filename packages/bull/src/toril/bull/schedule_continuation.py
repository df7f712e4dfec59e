"""Keeping schedules going: whoever takes a run of one makes the next."""

import time
from typing import Any

from toril.bull.codec import to_milliseconds
from toril.bull.codec.schedules import Repeat, decode_repeat, next_run_options
from toril.bull.connection import Connection
from toril.bull.cron import cron_pattern
from toril.bull.errors import ForeignSchedule
from toril.bull.keys import QueueKeys
from toril.bull.scripts import load
from toril.types import InvalidSchedule

MOST_TIMES_TRIED = 32
NOTHING_TO_DO = 0


class ScheduleContinuation:
    """Makes the next run of a schedule, in the name of one that was taken (bullmq-protocol §6.2)."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._connection = connection
        self._keys = keys
        self._read_run = load("schedules/read_run")
        self._continue = load("schedules/continue")

    async def continue_after(
        self, job_id: str, schedule_id: str, *, now: float | None = None
    ) -> float | None:
        """When the schedule runs next, in epoch seconds; None if it was continued before, or is over.

        It may be called again, and by several workers: the next run is made once.

        Args:
            job_id: the run that was taken.
            now: epoch seconds; by default the present.

        Raises:
            ForeignSchedule: only a Node worker knows how it goes on.
            BrokerUnavailable: Redis did not answer; the next run may have been made.
        """
        reply: list[Any] | None = await self._run(self._read_run, schedule_id, job_id)
        if reply is None:
            return None
        is_known, options = reply
        if not is_known:
            raise ForeignSchedule(self._keys.queue, schedule_id, "it is a repeatable job of BullMQ 5")
        present = time.time() if now is None else now
        repeat = decode_repeat(options)
        if _is_over(repeat, present):
            return None
        return await self._add_next(job_id, schedule_id, options or b"{}", repeat, present)

    async def _add_next(
        self, job_id: str, schedule_id: str, options: bytes, repeat: Repeat, now: float
    ) -> float | None:
        planned = max(now, repeat.planned, repeat.start or 0.0)
        for _ in range(MOST_TIMES_TRIED):
            following = None
            if repeat.pattern is not None:
                following = self._following(schedule_id, repeat, planned)
                if following is None or following > (repeat.end or following):
                    return None
                planned = following
            due = await self._add(job_id, schedule_id, options, repeat, following, to_milliseconds(now))
            if due == NOTHING_TO_DO:
                return None
            if due > 0:
                return due / 1000
        raise ForeignSchedule(self._keys.queue, schedule_id, "all its next times have a job already")

    async def _add(
        self,
        job_id: str,
        schedule_id: str,
        options: bytes,
        repeat: Repeat,
        following: float | None,
        timestamp: int,
    ) -> int:
        due: int = await self._run(
            self._continue,
            schedule_id,
            job_id,
            timestamp,
            "" if following is None else to_milliseconds(following),
            "" if repeat.end is None else to_milliseconds(repeat.end),
            next_run_options(options, schedule_id, following, timestamp),
        )
        return due

    def _following(self, schedule_id: str, repeat: Repeat, moment: float) -> float | None:
        try:
            return cron_pattern(repeat.pattern or "", repeat.zone).next_after(moment)
        except InvalidSchedule as fault:
            raise ForeignSchedule(self._keys.queue, schedule_id, str(fault)) from fault

    async def _run(self, script: Any, *arguments: Any) -> Any:
        return await self._connection.run(script, [self._keys.meta], arguments)


def _is_over(repeat: Repeat, now: float) -> bool:
    exhausted = repeat.limit is not None and repeat.number + 1 > repeat.limit
    return exhausted or (repeat.end is not None and now > repeat.end)
