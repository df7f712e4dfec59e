"""The machine of a comparison."""

import os
import platform
from pathlib import Path

BUSY_LOAD = 0.25  # for each core


def described() -> str:
    """Processor, cores and system."""
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"


def was_busy(load: float) -> bool:
    """Whether other work was under way at such a load average."""
    return load > BUSY_LOAD * (os.cpu_count() or 1)


def _processor() -> str:
    """The processor's model, where the system tells."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
