"""Break things, and count what becomes of the jobs: `make chaos`, or `python -m chaos --help`."""

import argparse
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from rich.console import Console

from chaos import ending
from chaos.program import planned, run
from chaos.report import say, table, write
from chaos.scenarios import SCENARIOS
from chaos.systems.commands import SYSTEMS
from chaos.terms import LONG, SHORT
from chaos.trial import Trial


def main() -> int:
    """Runs the trials; the exit code is 1 if we broke a promise."""
    options = _options()
    alone = SHORT if options.short else LONG
    if options.jobs is not None:
        alone = replace(alone, jobs=options.jobs)
    progress = Console(stderr=True, highlight=False, soft_wrap=True)
    systems = [name for name in options.systems if SYSTEMS[name].is_installed]
    if missing := [name for name in options.systems if name not in systems]:
        progress.print(f"not installed, and left out: {', '.join(missing)}", style="yellow")
    plan = planned(options.only, systems, alone)

    def tell(trial: Trial) -> None:
        progress.print(f"{len(trials) + 1} of {len(plan)}: {say(trial)}")
        for problem in trial.broken_promises:
            progress.print(f"   {problem}", style="red", markup=False)
        trials.append(trial)
        if options.results:
            write(trial)

    trials: list[Trial] = []
    ending.run(run(plan, tell))
    Console(width=200).print(table(trials))
    return 1 if any(trial.broken_promises for trial in trials) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--only", type=_some(SCENARIOS), default=list(SCENARIOS), help=_list(SCENARIOS))
    parser.add_argument("--systems", type=_some(SYSTEMS), default=list(SYSTEMS), help=_list(SYSTEMS))
    parser.add_argument("--short", action="store_true", help="as the tests run it: within seconds")
    parser.add_argument("--jobs", type=int, help="how many, in each scenario of Toril alone")
    parser.add_argument("--results", action="store_true", help="write the tables of docs/reliability.md")
    return parser.parse_args()


def _list(known: Iterable[str]) -> str:
    return f"some of {','.join(known)}"


def _some(known: Collection[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        names = list(dict.fromkeys(name.strip() for name in text.split(",")))
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {unknown[0]!r}; there are {', '.join(known)}")
        return names

    return read


if __name__ == "__main__":
    sys.exit(main())
