"""Our side: the same steps through toril.bull."""

from differential.ours.adding import OurAdding
from differential.ours.connections import Connections
from differential.ours.steering import OurSteering
from differential.ours.working import OurWorking

__all__ = ["Connections", "Ours"]


class Ours(OurAdding, OurWorking, OurSteering):
    """One queue, driven by our own scripts."""
