"""Looking into a queue: each file is one thing that can be read, and `QueueInspector` is all of them."""

from toril.bull.inspect.children import MOST_CHILDREN_A_PAGE, Child, ChildrenCounts, ChildrenPage, ChildState
from toril.bull.inspect.counts import MOST_PRIORITIES, QueueCounts
from toril.bull.inspect.events import EventSpan
from toril.bull.inspect.inspector import QueueInspector
from toril.bull.inspect.jobs import MOST_JOBS_A_PAGE, JobLogs, JobOutcome
from toril.bull.inspect.meta import LIMITED_BY_HAND, QueueMeta
from toril.bull.inspect.metrics import MOST_POINTS, QueueMetrics

__all__ = [
    "LIMITED_BY_HAND",
    "MOST_CHILDREN_A_PAGE",
    "MOST_JOBS_A_PAGE",
    "MOST_POINTS",
    "MOST_PRIORITIES",
    "Child",
    "ChildState",
    "ChildrenCounts",
    "ChildrenPage",
    "EventSpan",
    "JobLogs",
    "JobOutcome",
    "QueueCounts",
    "QueueInspector",
    "QueueMeta",
    "QueueMetrics",
]
