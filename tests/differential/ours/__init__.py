"""Our side: the same steps through toril.bull."""

from differential.ours.adding import OurAdding
from differential.ours.connections import Connections
from differential.ours.flows import OurFlows
from differential.ours.schedules import OurSchedules
from differential.ours.steering import OurSteering
from differential.ours.watching import OurWatching
from differential.ours.working import OurWorking

__all__ = ["Connections", "Ours"]


class Ours(OurAdding, OurFlows, OurSchedules, OurWorking, OurSteering, OurWatching):
    """One queue, driven by our own scripts."""
