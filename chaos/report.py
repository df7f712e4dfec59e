"""What the trials came to, for people: a table in the terminal, and the same in docs/reliability.md."""

import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.table import Table

from chaos.systems.commands import LABELS
from chaos.trial import Trial

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
HEADER = (
    "what is broken",
    "system",
    "jobs",
    "done",
    "not done",
    "given up",
    "run again",
    "because",
    "again after",
    "resumed after",
    "took",
    "on",
)
NAMES = 2  # so many columns tell the rows apart


def table(trials: Sequence[Trial]) -> Table:
    """For a terminal."""
    shown = Table(*HEADER[:-1])
    for trial in trials:
        shown.add_row(*cells(trial)[:-1])
    return shown


def cells(trial: Trial) -> tuple[str, ...]:
    """A trial as a row."""
    figures = trial.figures
    causes = [f"{cause} ({number})" for cause, number in sorted(figures.repeats.items())]
    return (
        trial.scenario.title,
        LABELS[trial.system],
        f"{figures.added:,}",
        f"{figures.done:,}",
        f"{figures.lost:,}",
        f"{figures.given_up:,}",
        f"{sum(figures.repeats.values()):,}",
        ", ".join(causes) or "-",
        _seconds(figures.recovered),
        _seconds(figures.resumed),
        _seconds(figures.took),
        date.today().isoformat(),
    )


def write(trials: Sequence[Trial], section: str, page: Path = PAGE) -> None:
    """Puts the rows into a table of the page, in the place of those that tell of the same."""
    begin, end = f"<!-- {section} -->\n", f"<!-- end of {section} -->\n"
    before, _, rest = page.read_text().partition(begin)
    old, _, after = rest.partition(end)
    rows = {_name(line): line for line in old.splitlines()[2:] if line.startswith("|")}
    rows |= {_name(line): line for line in (_line(cells(trial)) for trial in trials)}
    lines = [_line(HEADER), _line(["---"] * NAMES + ["--:"] * (len(HEADER) - NAMES)), *rows.values()]
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    text = "\n".join(lines)
    page.write_text(f"{before}{begin}{text}\n\nMachine: {machine}.\n{end}{after}")


def _line(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"


def _name(line: str) -> tuple[str, ...]:
    return tuple(line.split(" | ")[:NAMES])


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return "never" if seconds == float("inf") else f"{seconds:.1f} s"
