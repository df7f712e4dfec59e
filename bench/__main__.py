"""The comparison: `make bench`, or `python -m bench --help`."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from rich.console import Console

from bench.measure import WARM_UP_JOBS, Comparison, compare
from bench.report import markdown, remarks, rows, table
from bench.subject import NODE, SYSTEMS, SystemFailed
from tests.support.node_install import NodeUnavailable

RESULTS = Path(__file__).with_name("RESULTS.md")
ROUNDS = 3
QUICK_SCALE = 0.2
FEW_JOBS = "Few jobs: what a run costs once weighs more than in a full one, with Node above all."


def main() -> int:
    """Runs the comparison and prints it; the exit code is 1 if a system failed."""
    options = _options()
    progress = Console(stderr=True)
    comparison = _compared(options, progress)
    if comparison is None:
        return 1
    baseline = NODE if NODE in options.only else options.only[0]
    found = rows(comparison.samples, baseline)
    notes = remarks(comparison, found)
    if options.quick or options.scale < 1:
        notes.append(FEW_JOBS)
    console = Console()
    console.print(table(found, baseline))
    for note in notes:
        console.print(note, highlight=False, markup=False)
    if options.json:
        options.json.write_text(_raw(comparison))
    if options.results:
        RESULTS.write_text(markdown(found, notes, baseline, _command(options)))
    return 0


def _compared(options: argparse.Namespace, progress: Console) -> Comparison | None:
    """What was measured; None if a system failed, which is said."""
    comparison: Comparison | None = None
    try:
        comparison = asyncio.run(
            compare(
                options.only,
                rounds=options.rounds,
                scale=QUICK_SCALE if options.quick else options.scale,
                warm_up=options.warm_up,
                tell=lambda line: progress.print(line, style="dim", highlight=False),
            )
        )
    except* (SystemFailed, NodeUnavailable) as failures:  # in a group, from two that ran at the same time
        for failure in failures.exceptions:
            progress.print(str(failure), style="red", markup=False)
    return comparison


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", type=_systems, default=SYSTEMS, help=f"some of {','.join(SYSTEMS)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each figure is taken")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full number of jobs")
    parser.add_argument("--warm-up", type=int, default=WARM_UP_JOBS, help="jobs handled untimed at first")
    parser.add_argument("--quick", action="store_true", help=f"the same as --scale {QUICK_SCALE}")
    parser.add_argument("--json", type=Path, help="write every single value to this file")
    parser.add_argument("--results", action="store_true", help=f"write bench/{RESULTS.name}")
    return parser.parse_args()


def _systems(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if unknown := [name for name in names if name not in SYSTEMS]:
        raise argparse.ArgumentTypeError(f"no system {unknown[0]!r}; there are {', '.join(SYSTEMS)}")
    return names


def _command(options: argparse.Namespace) -> str:
    """The command, as another one would type it."""
    only = "" if options.only == SYSTEMS else f" ONLY={','.join(options.only)}"
    return f"make bench{only}{' QUICK=1' if options.quick else ''} RESULTS=1"


def _raw(comparison: Comparison) -> str:
    samples = [
        {"figure": each.figure.title, "unit": each.figure.unit, "system": each.system}
        | {"round": each.round + 1, "value": each.value}
        for each in comparison.samples
    ]
    found = {"server": comparison.server_version, "versions": comparison.versions, "samples": samples}
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
