"""What the trials came to, for people: a table in the terminal, and the same in docs/reliability.md."""

import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.table import Table

from chaos.scenarios import SCENARIOS
from chaos.systems.commands import SYSTEMS
from chaos.terms import COMPARED
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
    "workers gone",
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


def say(trial: Trial) -> str:
    """A trial in a line."""
    title, label, *found, _ = cells(trial)
    facts = ", ".join(f"{name} {cell}" for name, cell in zip(HEADER[NAMES:-1], found, strict=True))
    return f"{title}, {label}: {facts}"


def cells(trial: Trial) -> tuple[str, ...]:
    """A trial as a row."""
    figures = trial.figures
    causes = [f"{cause} ({number})" for cause, number in sorted(figures.repeats.items())]
    return (
        trial.scenario.title,
        SYSTEMS[trial.system].label,
        f"{figures.added:,}",
        f"{figures.done:,}",
        f"{figures.lost:,}",
        f"{figures.given_up:,}",
        f"{sum(figures.repeats.values()):,}",
        ", ".join(causes) or "-",
        _seconds(figures.recovered),
        _seconds(figures.resumed),
        f"{trial.exited}",
        _seconds(figures.took),
        date.today().isoformat(),
    )


def write(trial: Trial, page: Path = PAGE) -> None:
    """Puts a trial into its table of the page, in the place of the row that told of the same.

    Rows of scenarios that there are no longer go.
    """
    section = "compared" if trial.terms == COMPARED else "alone"
    begin, end = f"<!-- {section} -->\n", f"<!-- end of {section} -->\n"
    before, _, rest = page.read_text().partition(begin)
    old, _, after = rest.partition(end)
    new = _line(cells(trial))
    rows = {_name(line): line for line in old.splitlines()[2:] if line.startswith("|")} | {_name(new): new}
    ruler = ["---"] * NAMES + ["--:"] * (len(HEADER) - NAMES)
    text = "\n".join([_line(HEADER), _line(ruler), *(rows[name] for name in _names() if name in rows)])
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    page.write_text(f"{before}{begin}{text}\n\nMachine: {machine}.\n{end}{after}")


def _names() -> list[tuple[str, ...]]:
    """The beginnings of all rows, in order."""
    return [
        _name(_line([scenario.title, system.label, ""]))
        for scenario in SCENARIOS.values()
        for system in SYSTEMS.values()
    ]


def _line(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"


def _name(line: str) -> tuple[str, ...]:
    return tuple(line.split(" | ")[:NAMES])


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return "never" if seconds == float("inf") else f"{seconds:.1f} s"
