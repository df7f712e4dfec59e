"""How much is run, and what each job does. Durations are seconds."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

VARIABLE = "CHAOS"  # by which a process is told its part


class How(StrEnum):
    """How a handler spends its time."""

    SLEEP = "sleep"  # as one that waits for something
    BLOCK = "block"  # the event loop stands still
    SPIN = "spin"  # the same, and the processor is busy


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The size of a run, and the settings of its workers.

    Args:
        jobs: how many are added.
        pace: how many are added in a second.
        seconds: how long each runs, if a scenario does not say otherwise.
        workers: processes.
        concurrency: of each.
        lock_duration, stalled_interval: of workers that have such; None: the default of each system.
        faults: how often something is broken.
        outage: for how many seconds something is broken that comes back by itself.
        patience: how long the jobs may take once nothing is broken any more, beyond what recovery takes.
        slack: how much later than promised a job may begin, as machines are busy.
    """

    jobs: int
    pace: int
    seconds: float = 0.02
    workers: int
    concurrency: int
    lock_duration: float | None = None
    stalled_interval: float | None = None
    faults: int
    outage: float
    patience: float
    slack: float


@dataclass(frozen=True)
class Chore:
    """What one job is to do; `delay`: it may not start before."""

    number: int
    seconds: float
    how: How = How.SLEEP
    delay: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a process is told of its part, by its environment.

    Args:
        url: the broker's.
        ledger: the folder to write into.
        chores: the file that a producer reads, a job a line.
        pace: how many it adds in a second.
        release: of the application that it belongs to.
        clock_ahead: by how many seconds its clock is wrong.
    """

    url: str
    ledger: str
    chores: str
    pace: int
    concurrency: int
    lock_duration: float | None
    stalled_interval: float | None
    grace: float
    release: int = 1
    clock_ahead: float = 0.0

    def environment(self) -> dict[str, str]:
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(**json.loads(text))


def write_chores(path: Path, chores: list[Chore]) -> None:
    path.write_text("".join(f"{json.dumps(asdict(chore))}\n" for chore in chores))


def read_chores(path: Path) -> list[Chore]:
    return [Chore(**json.loads(line)) for line in path.read_text().splitlines()]


# Toril alone, with its default lock and stalled interval.
LONG = Terms(
    jobs=20_000,
    pace=1_500,
    workers=4,
    concurrency=20,
    seconds=0.05,
    lock_duration=12.0,
    stalled_interval=4.0,
    faults=3,
    outage=20.0,
    patience=60.0,
    slack=5.0,
)
# The same within seconds, for tests.
SHORT = Terms(
    jobs=400,
    pace=200,
    seconds=0.1,
    workers=2,
    concurrency=15,
    lock_duration=3.0,
    stalled_interval=0.5,
    faults=2,
    outage=4.0,
    patience=30.0,
    slack=30.0,
)
# Beside other systems, each with its own defaults.
COMPARED = Terms(
    jobs=2_000,
    pace=120,
    seconds=0.1,
    workers=3,
    concurrency=5,
    faults=3,
    outage=20.0,
    patience=75.0,
    slack=5.0,
)
