"""Jobs that wait for other jobs: what a child's failure means, and a tree of them as it stands."""

from dataclasses import dataclass
from enum import StrEnum

from toril.types.job import JobRecord

# A flow is added in one step, during which Redis does nothing else.
MOST_JOBS_A_FLOW = 1_000
MOST_BYTES_A_FLOW = 16_000_000


class OnFailure(StrEnum):
    """What it means for a parent that a child has failed for good. In brackets BullMQ's own option."""

    FAIL_PARENT = "fail-parent"
    """The parent fails too, at once and without being run (`failParentOnFailure`)."""
    CONTINUE_PARENT = "continue-parent"
    """The parent runs at once, whatever else it waits for, and can read why (`continueParentOnFailure`)."""
    IGNORE = "ignore"
    """The parent waits for the others only, and can read why (`ignoreDependencyOnFailure`)."""
    REMOVE = "remove"
    """The parent waits for the others only, and hears nothing of it (`removeDependencyOnFailure`)."""
    KEEP_WAITING = "keep-waiting"
    """The parent waits until the child is retried or removed: BullMQ's own default, with no option set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTree:
    """A job with its children, each of them with theirs, as they stood when they were read.

    Attributes:
        children: those that were read, in no particular order.
        omitted: how many more there are: beyond the bounds of the reading, or removed by now.
    """

    record: JobRecord
    children: tuple["JobTree", ...] = ()
    omitted: int = 0
