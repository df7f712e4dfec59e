"""What really happened to each job, written down outside the broker: a file a process, a line an event.

A line is one system call, so it outlives a process that is killed. Its time is the machine's monotonic clock,
which all processes share and none can turn.
"""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Self


class Event(StrEnum):
    ADDED = "added"  # the broker acknowledged the job
    BEGAN = "began"
    ENDED = "ended"  # the handler returned
    STOPPED = "stopped"  # the handler was cancelled, or raised


class Run(NamedTuple):
    """One run of a job's handler. Times are of the monotonic clock.

    Attributes:
        number: the job.
        worker: the process group that ran it.
        over: when it ended or was stopped; None if it never was.
        ended: whether the handler returned.
    """

    number: int
    worker: int
    began: float
    over: float | None = None
    ended: bool = False


class LedgerFile:
    """Where one process writes."""

    def __init__(self, folder: Path) -> None:
        path = folder / f"{os.getpgid(0)}-{os.getpid()}.log"
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, event: Event, *numbers: int) -> None:
        """Writes down that this happened now."""
        now = time.monotonic()
        os.write(self._file, b"".join(b"%s %d %.6f\n" % (event.encode(), number, now) for number in numbers))

    @contextmanager
    def run(self, number: int) -> Generator[None]:
        """Writes down when a run begins, and how it is over."""
        self.note(Event.BEGAN, number)
        try:
            yield
        except BaseException:
            self.note(Event.STOPPED, number)
            raise
        self.note(Event.ENDED, number)


class Ledger:
    """All that the processes wrote into a folder so far.

    Attributes:
        added: when each job was acknowledged.
        runs: every run, as the files are read.
        ended: the jobs of which a run ended.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.added: dict[int, float] = {}
        self.runs: list[Run] = []
        self.ended: set[int] = set()
        self._read_up_to: dict[Path, int] = {}
        self._open: dict[tuple[Path, int], list[int]] = {}

    def read_on(self) -> Self:
        """Reads what was written since."""
        for path in sorted(self.folder.glob("*.log")):
            with path.open("rb") as file:
                file.seek(self._read_up_to.get(path, 0))
                whole, newline, _ = file.read().rpartition(b"\n")
            self._read_up_to[path] = self._read_up_to.get(path, 0) + len(whole) + len(newline)
            for line in whole.decode().splitlines():
                event, number, at = line.split(" ")
                self._learn(path, Event(event), int(number), float(at))
        return self

    def runs_of_each(self) -> dict[int, list[Run]]:
        """The runs of each job that began, in order."""
        found: dict[int, list[Run]] = {}
        for run in sorted(self.runs, key=lambda run: run.began):
            found.setdefault(run.number, []).append(run)
        return found

    def _learn(self, path: Path, event: Event, number: int, at: float) -> None:
        match event:
            case Event.ADDED:
                self.added.setdefault(number, at)
            case Event.BEGAN:
                self._open.setdefault((path, number), []).append(len(self.runs))
                self.runs.append(Run(number, int(path.name.partition("-")[0]), at))
            case Event.ENDED | Event.STOPPED:
                place = self._open[path, number].pop(0)
                is_end = event is Event.ENDED
                self.runs[place] = self.runs[place]._replace(over=at, ended=is_end)
                if is_end:
                    self.ended.add(number)
