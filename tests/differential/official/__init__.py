"""The oracle: what BullMQ's own scripts make of the steps that our side takes."""

from differential.official.adding import OfficialAdding
from differential.official.flows import OfficialFlows
from differential.official.orphans import OfficialOrphans
from differential.official.schedules import OfficialSchedules
from differential.official.steering import OfficialSteering
from differential.official.watching import OfficialWatching
from differential.official.working import OfficialWorking

__all__ = ["Official"]


class Official(
    OfficialAdding,
    OfficialFlows,
    OfficialOrphans,
    OfficialSchedules,
    OfficialSteering,
    OfficialWatching,
    OfficialWorking,
):
    """One queue, driven by the official scripts."""
