"""Break things, and count what becomes of the jobs: `make chaos`, or `python -m chaos --help`."""

import argparse
import asyncio
import signal
import sys
from dataclasses import replace

from rich.console import Console

from chaos.report import cells, table, write
from chaos.scenarios import SCENARIOS
from chaos.systems.commands import TORIL
from chaos.terms import LONG, SHORT, Terms
from chaos.trial import Trial, hold


def main() -> int:
    """Runs the trials; the exit code is 1 if a promise was broken."""
    options = _options()
    trials = asyncio.run(_trials(options.only, _terms(options)))
    Console(width=200).print(table(trials))
    if options.results:
        write(trials, "trials")
    return 1 if any(trial.problems for trial in trials) else 0


async def _trials(names: list[str], terms: Terms) -> list[Trial]:
    """One after the other, so that none makes another one late."""
    console = Console(stderr=True, highlight=False)
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - asyncio.run made one
    # So that no process is left behind.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    trials: list[Trial] = []
    for number, name in enumerate(names, start=1):
        console.print(f"{number} of {len(names)}: {SCENARIOS[name].title}", style="dim")
        trial = await hold(SCENARIOS[name], TORIL, terms)
        console.print(f"   {' · '.join(cells(trial)[2:-1])}", style="dim")
        for problem in trial.problems:
            console.print(f"   {problem}", style="red", markup=False)
        trials.append(trial)
    return trials


def _terms(options: argparse.Namespace) -> Terms:
    terms = SHORT if options.short else LONG
    return terms if options.jobs is None else replace(terms, jobs=options.jobs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--only", type=_names, default=list(SCENARIOS), help=f"some of {','.join(SCENARIOS)}")
    parser.add_argument("--short", action="store_true", help="as the tests run it: within seconds")
    parser.add_argument("--jobs", type=int, help="how many, in each scenario")
    parser.add_argument("--results", action="store_true", help="write the tables of docs/reliability.md")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    if unknown := [name for name in names if name not in SCENARIOS]:
        raise argparse.ArgumentTypeError(f"no scenario {unknown[0]!r}; there are {', '.join(SCENARIOS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
