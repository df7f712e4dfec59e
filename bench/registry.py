"""The systems that can be measured: how each is started, and how many jobs it gets."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

from bench.systems import node

ROOT = Path(__file__).parents[1]
OWN = Path(sys.executable)
ENVIRONMENTS = Path(os.environ.get("TORIL_BENCH_PEERS", ROOT))  # where scripts/setup-peers makes them
PEERS = ENVIRONMENTS / ".venv-peers" / "bin" / "python"
PEERS_OLDER = ENVIRONMENTS / ".venv-peers-older" / "bin" / "python"


class Registered(NamedTuple):
    """A system.

    Attributes:
        name: what ONLY calls it.
        label: what the tables call it.
        share: its part of the jobs that a fast system gets; it is rates that are compared.
        python: the interpreter that has its packages; None for Node.
        module: its program.
    """

    name: str
    label: str
    share: float
    python: Path | None
    module: str

    def command(self, url: str) -> list[str]:
        """The program, once what it needs is there.

        Raises:
            NodeUnavailable: there is no Node ≥ 20, or npm could not install the packages.
        """
        return node.command(url) if self.python is None else [str(self.python), "-m", self.module, url]


def _peer(name: str, share: float, python: Path = PEERS) -> Registered:
    return Registered(name, name, share, python, f"bench.systems.{name}")


TORIL = Registered("toril", "Toril", 1.0, OWN, "bench.systems.toril")
NODE = Registered("node", "Node BullMQ", 1.0, None, "")
PORT = Registered("port", "bullmq (PyPI)", 0.2, OWN, "bench.systems.port")
BARE = Registered("bare", "bare loop, the bound", 1.0, OWN, "bench.bounds.bare")
CALLS_ALONE = Registered("calls", "the Redis calls alone", 1.0, OWN, "bench.bounds.calls_alone")
BOUNDS = (BARE, CALLS_ALONE)
SYSTEMS = {
    system.name: system
    for system in (
        TORIL,
        NODE,
        PORT,
        _peer("saq", 0.07, PEERS_OLDER),
        _peer("streaq", 0.07),
        _peer("arq", 0.07, PEERS_OLDER),
        _peer("taskiq", 0.14),
        _peer("celery", 0.04),
        _peer("dramatiq", 0.1),
        _peer("rq", 0.03),
        _peer("huey", 0.1),
    )
}
