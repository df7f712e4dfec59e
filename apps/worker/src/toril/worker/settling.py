"""The outcomes that wait to be settled, and what becomes of those that are refused."""

from collections import deque
from collections.abc import Sequence

from toril.bull.intake import Refused
from toril.bull.outcomes import Completed, Failed, Outcome
from toril.worker import log

MOST_BYTES_A_BATCH = 4_000_000

_GONE, _LOCK_LOST, _NOT_ACTIVE, _CHILDREN_PENDING, _LOCKED_BY_OTHER, _CHILDREN_FAILED = -1, -2, -3, -4, -6, -9


class Settling:
    """Outcomes on their way to Redis, oldest first."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._waiting: deque[Outcome] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)

    def next_batch(self, most: int) -> list[Outcome]:
        """The oldest outcomes: at most so many, and no more than Redis handles in a few milliseconds."""
        batch: list[Outcome] = []
        size = 0
        while self._waiting and len(batch) < most and size < MOST_BYTES_A_BATCH:
            outcome = self._waiting.popleft()
            batch.append(outcome)
            size += len(outcome.result) if isinstance(outcome, Completed) else 0
        return batch

    def judge(self, batch: Sequence[Outcome], refused: Sequence[Refused], *, in_doubt: bool) -> None:
        """Deals with the outcomes of a batch that were refused.

        `in_doubt` says that the batch was sent before and the answer lost: what had been settled then is
        refused now, because its lock is gone, and recognised by that.
        """
        codes = {each.job_id: each.code for each in refused}
        if not codes:
            return
        for outcome in batch:
            code = codes.get(outcome.job_id, 0)
            if code < 0:
                self._judge(outcome, code, in_doubt)

    def _judge(self, outcome: Outcome, code: int, in_doubt: bool) -> None:
        if code in (_CHILDREN_PENDING, _CHILDREN_FAILED) and isinstance(outcome, Completed):
            reason = "children are not finished" if code == _CHILDREN_PENDING else "children have failed"
            self._waiting.append(Failed(outcome.job_id, outcome.token, reason, (), 1))
        elif in_doubt and code in (_GONE, _LOCK_LOST, _NOT_ACTIVE):
            log.settled_before(self._queue, outcome.job_id)
        else:
            log.outcome_refused(self._queue, outcome.job_id, type(outcome).__name__, code)
