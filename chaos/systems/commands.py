"""How the two parts of each system are started."""

import sys
from pathlib import Path
from typing import NamedTuple

from chaos.terms import Part
from support.node_install import install

ROOT = Path(__file__).parents[2]
OWN = Path(sys.executable)
PEERS, PEERS_OLDER = (ROOT / name / "bin" / "python" for name in (".venv-peers", ".venv-peers-older"))
TORIL, NODE = "toril", "node"
ON_THE_WIRE = (TORIL, NODE)  # those whose queues are BullMQ's
NODE_PROGRAM = Path(__file__).parent / "node" / "bullmq.mjs"


class System(NamedTuple):
    """A system that can be broken.

    Attributes:
        label: what tables call it, with what is not its default.
        python: the interpreter that has its packages, but for Node's.
    """

    label: str
    python: Path = OWN

    @property
    def is_installed(self) -> bool:
        """Whether it can be run; Node's packages are installed when they are needed."""
        return self.python.exists()


SYSTEMS = {
    TORIL: System("Toril"),
    NODE: System("Node BullMQ"),
    "saq": System("saq (3 tries)", PEERS_OLDER),
    "taskiq": System("taskiq (stream)", PEERS),
    "celery": System("Celery (acks late)", PEERS),
    "arq": System("arq", PEERS_OLDER),
}


def worker_command(system: str, part: Part) -> tuple[str, ...]:
    """What a worker process of a system runs.

    Raises:
        NodeUnavailable: there is no Node ≥ 20, or npm could not install the packages.
    """
    if system == TORIL:
        return _toril_worker(part)
    return _command(system, "work")


def producer_command(system: str, part: Part) -> tuple[str, ...]:
    """What the producer of a system runs; raises as `worker_command` does."""
    if system == TORIL:
        return (sys.executable, "-m", _toril_module(part))
    return _command(system, "add")


def _command(system: str, role: str) -> tuple[str, ...]:
    if system == NODE:
        return (install().program, str(NODE_PROGRAM), role)
    return (str(SYSTEMS[system].python), "-m", f"chaos.systems.{system}", role)


def _toril_worker(part: Part) -> tuple[str, ...]:
    options = {
        "--concurrency": part.concurrency,
        "--grace": part.grace,
        "--lock-duration": part.lock_duration,
        "--stalled-interval": part.stalled_interval,
    }
    given = [word for option, value in options.items() if value is not None for word in (option, str(value))]
    return (sys.executable, "-m", "toril.cli", "worker", f"{_toril_module(part)}:handlers", *given)


def _toril_module(part: Part) -> str:
    return "chaos.systems.toril" if part.release == 1 else "chaos.systems.toril_next"
