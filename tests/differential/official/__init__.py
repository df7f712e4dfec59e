"""The oracle: what BullMQ's own scripts make of the steps that our side takes."""

from differential.official.adding import OfficialAdding
from differential.official.flows import OfficialFlows
from differential.official.steering import OfficialSteering
from differential.official.watching import OfficialWatching
from differential.official.working import OfficialWorking

__all__ = ["Official"]


class Official(OfficialAdding, OfficialFlows, OfficialWorking, OfficialSteering, OfficialWatching):
    """One queue, driven by the official scripts."""
