"""The comparison: `make bench`, or `python -m bench --help`."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from rich.console import Console

from bench.comparison import WARM_UP_JOBS, Comparison, Plan, compare
from bench.registry import SYSTEMS, Registered
from bench.report import markdown, notes, table, targets_table
from bench.rows import rows
from bench.targets import verdicts

RESULTS = Path(__file__).with_name("RESULTS.md")
ROUNDS = 3
QUICK_ROUNDS = 1
QUICK_SCALE = 0.2
INTERRUPTED = 130  # as shells say it
FEW_JOBS = "Few jobs: what a run costs once weighs more than in a full one, with Node above all."


def main() -> int:
    """Runs the comparison and prints it; the exit code is 1 if a system failed."""
    options = _options()
    plan = _plan(options)
    progress = Console(stderr=True)
    comparison = asyncio.run(
        compare(plan, lambda line: progress.print(line, style="dim", highlight=False, markup=False))
    )
    if not comparison.samples:
        progress.print(f"Nothing was measured: {comparison.missing | comparison.failed}", markup=False)
        return 1
    found = rows(comparison)
    beside, reached = notes(comparison, found), verdicts(found)
    if plan.scale < 1:
        beside.remarks.append(FEW_JOBS)
    console = Console()
    console.print(table(found, beside.reasons))
    for number, reason in enumerate(beside.reasons, start=1):
        console.print(f"[{number}] {reason}", highlight=False, markup=False)
    for remark in beside.remarks:
        console.print(remark, highlight=False, markup=False)
    console.print(targets_table(reached))
    if options.json:
        options.json.write_text(_raw(comparison))
    if options.results or _is_whole(plan):
        RESULTS.write_text(markdown(found, beside, reached, _command(options)))
    return 1 if comparison.failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    every = tuple(SYSTEMS.values())
    parser.add_argument("--only", type=_systems, default=every, help=f"some of {','.join(SYSTEMS)}")
    parser.add_argument("--rounds", type=int, help=f"how often each figure is taken: {ROUNDS}")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full number of jobs")
    parser.add_argument("--warm-up", type=int, default=WARM_UP_JOBS, help="jobs handled untimed at first")
    parser.add_argument(
        "--quick", action="store_true", help=f"the same as --scale {QUICK_SCALE} --rounds {QUICK_ROUNDS}"
    )
    parser.add_argument("--long", action="store_true", help="with a backlog of a million jobs")
    parser.add_argument("--json", type=Path, help="write every single value to this file")
    parser.add_argument(
        "--results",
        action="store_true",
        help=f"write bench/{RESULTS.name}, as a whole run does",
    )
    return parser.parse_args()


def _plan(options: argparse.Namespace) -> Plan:
    return Plan(
        options.only,
        rounds=options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
        scale=QUICK_SCALE if options.quick else options.scale,
        warm_up=options.warm_up,
        long=options.long,
    )


def _is_whole(plan: Plan) -> bool:
    return len(plan.systems) == len(SYSTEMS) and plan.scale >= 1 and plan.rounds >= ROUNDS


def _systems(text: str) -> tuple[Registered, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if unknown := [name for name in names if name not in SYSTEMS]:
        raise argparse.ArgumentTypeError(f"no system {unknown[0]!r}; there are {', '.join(SYSTEMS)}")
    return tuple(SYSTEMS[name] for name in names)


def _command(options: argparse.Namespace) -> str:
    """The command, as another one would type it."""
    names = [system.name for system in options.only]
    only = "" if len(names) == len(SYSTEMS) else f" ONLY={','.join(names)}"
    return f"make bench{only}{' QUICK=1' if options.quick else ''}{' LONG=1' if options.long else ''}"


def _raw(comparison: Comparison) -> str:
    samples = [
        {"figure": each.figure.title, "unit": each.figure.unit, "system": each.system}
        | {"round": each.round + 1, "value": each.value}
        for each in comparison.samples
    ]
    found = {
        "server": comparison.server_version,
        "versions": comparison.versions,
        "missing": comparison.missing,
        "failed": comparison.failed,
        "samples": samples,
    }
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
