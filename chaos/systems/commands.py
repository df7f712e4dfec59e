"""How the two parts of each system are started."""

import sys
from pathlib import Path

from chaos.terms import Part
from support.node_install import install

TORIL, NODE = "toril", "node"
ON_THE_WIRE = (TORIL, NODE)  # those whose queues are BullMQ's
LABELS = {TORIL: "Toril", NODE: "Node BullMQ"}
NODE_PROGRAM = Path(__file__).parent / "node" / "bullmq.mjs"


def worker_command(system: str, part: Part) -> tuple[str, ...]:
    """What a worker process of a system runs."""
    if system == TORIL:
        return _toril_worker(part)
    if system == NODE:
        return (install().program, str(NODE_PROGRAM), "work")
    return (sys.executable, "-m", f"chaos.systems.{system}", "work")


def producer_command(system: str, part: Part) -> tuple[str, ...]:
    """What the producer of a system runs."""
    if system == TORIL:
        return (sys.executable, "-m", _toril_module(part))
    if system == NODE:
        return (install().program, str(NODE_PROGRAM), "add")
    return (sys.executable, "-m", f"chaos.systems.{system}", "add")


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
