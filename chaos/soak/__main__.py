"""Run for long, and look whether anything grows: `make soak`, or `python -m chaos.soak --help`."""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from chaos import ending
from chaos.soak.growth import Growth, growths
from chaos.soak.run import Length, soak
from chaos.soak.samples import Sample


def main() -> int:
    """Runs, and prints samples and verdict; the exit code is 1 if something grew."""
    parser = argparse.ArgumentParser(prog="python -m chaos.soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--samples", type=int, default=60)
    options = parser.parse_args()
    progress = Console(stderr=True, highlight=False, soft_wrap=True)
    length = Length(jobs=options.jobs, seconds=options.seconds, samples=options.samples)
    samples = ending.run(soak(length, lambda sample: progress.print(_line(sample), style="dim")))
    found = growths(samples)
    Console().print(_table(found))
    grown = [growth.figure for growth in found if not growth.is_flat]
    print(f"{samples[-1].done:,} jobs; " + (f"grown: {', '.join(grown)}" if grown else "nothing grew"))
    return 1 if grown else 0


def _line(sample: Sample) -> str:
    return ", ".join(f"{name} {value:,.0f}" for name, value in zip(sample._fields, sample, strict=True))


def _table(found: list[Growth]) -> Table:
    shown = Table("", "first third", "last third", "")
    for growth in found:
        verdict = "flat" if growth.is_flat else "grown"
        shown.add_row(growth.figure.replace("_", " "), f"{growth.first:,.1f}", f"{growth.last:,.1f}", verdict)
    return shown


if __name__ == "__main__":
    sys.exit(main())
