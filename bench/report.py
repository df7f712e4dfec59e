"""What a comparison found, for people: no absolute figure without its ratio."""

import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.table import Table

from bench.measure import BOUNDED, Comparison, Figure, Sample
from bench.subject import BARE, NODE, TORIL

BUSY_LOAD = 0.25  # for each core
LABELS = {TORIL: "Toril", NODE: "Node BullMQ", "port": "Python port", BARE: "bare loop, the bound"}


class Row(NamedTuple):
    """One system's values of one figure. `ratio` is to the baseline's best round; above 1 is better."""

    figure: Figure
    system: str
    median: float
    lowest: float
    highest: float
    ratio: float

    def cells(self) -> tuple[str, ...]:
        return (
            LABELS[self.system],
            _number(self.median),
            f"{_number(self.lowest)} to {_number(self.highest)}",
            f"{self.ratio:.2f}",
        )


def rows(samples: Sequence[Sample], baseline: str) -> list[Row]:
    """A row for each figure and system, in the order in which they were measured first."""
    values: dict[Figure, dict[str, list[float]]] = {}
    for sample in sorted(samples, key=lambda each: each.round):
        values.setdefault(sample.figure, {}).setdefault(sample.system, []).append(sample.value)
    found: list[Row] = []
    for figure, of_system in values.items():
        best = max(of_system[baseline]) if figure.more_is_better else min(of_system[baseline])
        for system, each in of_system.items():
            middle = median(each)
            ratio = middle / best if figure.more_is_better else best / middle
            found.append(Row(figure, system, middle, min(each), max(each), ratio))
    return found


def table(found: Sequence[Row], baseline: str) -> Table:
    """The rows as a table for a terminal, a section for each figure."""
    shown = Table("", "median", "lowest to highest", f"{LABELS[baseline]}'s\nbest = 1")
    for column in shown.columns[1:]:
        column.justify = "right"
    last: Figure | None = None
    for row in found:
        if row.figure != last:
            shown.add_section()
            shown.add_row(f"[bold]{row.figure.title}[/bold], {row.figure.unit}")
            last = row.figure
        label, *cells = row.cells()
        shown.add_row(f"  {label}", *cells)
    return shown


def remarks(comparison: Comparison, found: Sequence[Row]) -> list[str]:
    """What belongs beside the table: the bound, the machine and the versions."""
    lines: list[str] = []
    bounded = {row.system: row.median for row in found if row.figure == BOUNDED}
    if BARE in bounded:
        share = bounded[TORIL] / bounded[BARE]
        lines.append(
            f"Share of the bound: at concurrency 100 Toril processes {share:.0%} of what a loop does that "
            "settles and takes the same jobs and does nothing else."
        )
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"
    load = comparison.load_before
    lines.append(f"Machine: {machine}; load average before the run {load:.1f}.")
    if load > BUSY_LOAD * (os.cpu_count() or 1):
        lines.append("It was busy with other work: take speeds and delays as rough, and measure again.")
    megabytes = comparison.server_peak_memory / 1e6
    lines.append(f"Server: {comparison.server_version}, at most {megabytes:.0f} MB, over a Unix socket.")
    for system, versions in comparison.versions.items():
        if system != BARE:
            lines.append(f"{LABELS[system]}: {', '.join(f'{name} {of}' for name, of in versions.items())}.")
    return lines


def markdown(found: Sequence[Row], notes: Sequence[str], baseline: str, command: str) -> str:
    """The whole report as a Markdown page."""
    header = ("", "system", "median", "lowest to highest", f"{LABELS[baseline]}'s best = 1")
    lines = [
        "# Results",
        "",
        f"Printed by `{command}` on {date.today().isoformat()}. How it measures: `bench/measure.py`.",
        "The last column is the median against the best round of the baseline; above 1 is better, whatever",
        "the unit. Compare within one run only.",
        "",
        f"| {' | '.join(header)} |",
        "|---|---|---:|---:|---:|",
        *(f"| {row.figure.title}, {row.figure.unit} | {' | '.join(row.cells())} |" for row in found),
        "",
        *(f"- {note}" for note in notes),
    ]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _processor() -> str:
    """The processor's model, where the system tells."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
