"""The oracle: what BullMQ's own scripts make of the steps that our side takes."""

from differential.official.adding import OfficialAdding
from differential.official.steering import OfficialSteering
from differential.official.working import OfficialWorking

__all__ = ["Official"]


class Official(OfficialAdding, OfficialWorking, OfficialSteering):
    """One queue, driven by the official scripts."""
