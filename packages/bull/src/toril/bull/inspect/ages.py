"""How long jobs have stood where they are."""

import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from toril.bull.codec import decode_options, due_seconds, seconds
from toril.bull.inspect.reader import QueueReader
from toril.types import JobState

MOST_JOBS_A_STATE = 20


class AgeReader(QueueReader):
    """Tells how long the oldest job of a state has stood there."""

    async def oldest(self) -> Mapping[JobState, float]:
        """For each state that holds jobs, for how many seconds the oldest has stood there.

        BullMQ does not note when a job came to wait, so it is told as well as its records allow:

        - waiting, prioritized: since the job was due for the first time, or since its last start if it was
          tried before. Of `waiting`, the 20 jobs that are next are looked at; of `prioritized`, the next one
          of each of the 20 least urgent priorities.
        - active: since it was started.
        - delayed: how long the next job has been due; 0 if none is. More than a moment: no worker takes jobs.
        - waiting-children: since it came to wait for them.
        - completed, failed: how long ago the oldest one that is kept has ended.

        The clocks of producers and workers wrote the times, ours reads them; what seems to lie ahead is 0.
        """
        reply = await self._run("read_ages", [MOST_JOBS_A_STATE])
        return _ages(time.time(), *reply)


def _ages(
    now: float,
    waiting: Sequence[Sequence[bytes | None]],
    active: Sequence[Sequence[bytes | None]],
    prioritized: Sequence[Sequence[bytes | None]],
    delayed: bytes | None,
    *moments: bytes | None,
) -> Mapping[JobState, float]:
    since = {
        JobState.WAITING: _earliest(_came_to_wait(*job) for job in waiting),
        JobState.ACTIVE: _earliest(seconds(started or came) for came, started, _ in active),
        JobState.PRIORITIZED: _earliest(_came_to_wait(*job) for job in prioritized),
        JobState.DELAYED: None if delayed is None else due_seconds(delayed),
    }
    kept = (JobState.WAITING_CHILDREN, JobState.COMPLETED, JobState.FAILED)
    since |= {state: None if at is None else seconds(at) for state, at in zip(kept, moments, strict=True)}
    ages = {state: max(now - at, 0.0) for state, at in since.items() if at is not None}
    return MappingProxyType({state: ages[state] for state in JobState if state in ages})


def _came_to_wait(timestamp: bytes | None, started: bytes | None, options: bytes | None) -> float:
    """In epoch seconds; 0 for a record that does not tell."""
    due = 0.0 if timestamp is None else seconds(timestamp) + decode_options(options).delay
    return max(due, seconds(started))


def _earliest(moments: Iterable[float]) -> float | None:
    return min((moment for moment in moments if moment > 0), default=None)
