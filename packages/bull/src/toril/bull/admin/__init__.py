"""Steering: what changes a queue from outside, by one class of many abilities."""

from toril.bull.admin.jobs import Cancellation
from toril.bull.admin.queue_admin import QueueAdmin
from toril.bull.admin.rerunning import Finished
from toril.bull.admin.steering import Told

__all__ = ["Cancellation", "Finished", "QueueAdmin", "Told"]
