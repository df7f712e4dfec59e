"""How long a caller waits, and how long Redis may take meanwhile."""

import math
import time

from toril.bull.replies import CALL_WITHIN

# However little the caller waits, Redis has as long to answer, in seconds: a timeout of nothing is a look.
LEAST_CALL = 0.5


class Deadline:
    """The end of a wait.

    Args:
        timeout: how many seconds away it is; None for never.
    """

    def __init__(self, timeout: float | None) -> None:
        self._at = math.inf if timeout is None else time.monotonic() + timeout

    def left(self) -> float:
        """Seconds until then; negative afterwards."""
        return self._at - time.monotonic()

    def for_call(self) -> float:
        """How many seconds one call to Redis may take."""
        return min(max(self.left(), LEAST_CALL), CALL_WITHIN)
