"""A comparison for people: on a terminal, and as a page."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from rich.table import Table

from bench import machine
from bench.comparison import Comparison
from bench.measures.figure import Figure
from bench.registry import BOUNDS
from bench.rows import LABELS, Gap, Row, Rows
from bench.summary import summary
from bench.targets import Verdict

DASH = "-"
MET = {True: "met", False: "NOT met", None: DASH}


class Notes(NamedTuple):
    """What belongs beside the table: why there are gaps, then the machine and the versions."""

    reasons: list[str]
    remarks: list[str]


def notes(comparison: Comparison, found: Rows) -> Notes:
    """All notes; the reasons are in the order of their numbers."""
    gaps = [row for row in found if isinstance(row, Gap)]
    reasons = dict.fromkeys(_reason(gap) for gap in gaps)
    remarks = [
        f"Not measured: {LABELS[system]}: {reason}."
        for system, reason in (comparison.missing | comparison.failed).items()
    ]
    load = comparison.load_before
    remarks.append(f"Machine: {machine.described()}; load average before the run {load:.1f}.")
    if machine.was_busy(load):
        remarks.append("It was busy with other work: take speeds and delays as rough, and measure again.")
    megabytes = comparison.server_peak_memory / 1e6
    remarks.append(f"Server: {comparison.server_version}, at most {megabytes:.0f} MB, over a Unix socket.")
    for system, versions in comparison.versions.items():
        if system not in {bound.name for bound in BOUNDS}:
            remarks.append(f"{LABELS[system]}: {', '.join(f'{name} {of}' for name, of in versions.items())}.")
    return Notes(list(reasons), remarks)


def table(found: Rows, reasons: Sequence[str]) -> Table:
    """The rows as a table for a terminal, a section for each figure."""
    shown = Table("", "median", "lowest to highest", f"{LABELS[found.baseline]}'s\nbest = 1")
    for column in shown.columns[1:]:
        column.justify = "right"
    last: Figure | None = None
    for row in found:
        if row.figure != last:
            shown.add_section()
            shown.add_row(f"[bold]{row.figure.title}[/bold], {row.figure.unit}")
            last = row.figure
        label, *cells = _cells(row, reasons)
        shown.add_row(f"  {label}", *cells)
    return shown


def targets_table(reached: Sequence[Verdict]) -> Table:
    """What was to be reached, and what was."""
    shown = Table("target", "wanted", "measured", "")
    for verdict in reached:
        shown.add_row(verdict.title, verdict.goal, verdict.measured, MET[verdict.met])
    return shown


def markdown(found: Rows, beside: Notes, reached: Sequence[Verdict], command: str) -> str:
    """The whole report as a Markdown page."""
    header = ("", "system", "median", "lowest to highest", f"{LABELS[found.baseline]}'s best = 1")
    lines = [
        "# Results",
        "",
        f"Printed by `{command}` on {date.today().isoformat()}. How it measures: `bench/measures`.",
        "The last column is the median against the best round of the baseline; above 1 is better, whatever",
        "the unit. Compare within one run only.",
        "",
        "## At a glance",
        "",
        "The ratios of the last column alone.",
        "",
        *summary(found),
        "",
        "## Targets",
        "",
        "How they are computed: `bench/targets.py`.",
        "",
        "| target | wanted | measured | |",
        "|---|---:|---:|---|",
        *(f"| {each.title} | {each.goal} | {each.measured} | {MET[each.met]} |" for each in reached),
        "",
        "## Figures",
        "",
        f"| {' | '.join(header)} |",
        "|---|---|---:|---:|---:|",
        *(
            f"| {row.figure.title}, {row.figure.unit} | {' | '.join(_cells(row, beside.reasons))} |"
            for row in found
        ),
        "",
        *(f"{number}. {reason}" for number, reason in enumerate(beside.reasons, start=1)),
        "",
        "## Machine and versions",
        "",
        *(f"- {remark}" for remark in beside.remarks),
    ]
    return "\n".join(lines) + "\n"


def _cells(row: Row | Gap, reasons: Sequence[str]) -> tuple[str, ...]:
    if isinstance(row, Row):
        return row.cells()
    return LABELS[row.system], f"{DASH} [{reasons.index(_reason(row)) + 1}]", "", ""


def _reason(gap: Gap) -> str:
    return f"{LABELS[gap.system]}: {gap.reason}."
