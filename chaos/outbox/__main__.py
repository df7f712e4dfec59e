"""Kill relay, Redis and PostgreSQL in turn: `make chaos-outbox`, or `python -m chaos.outbox --help`."""

import argparse
import sys

from rich.console import Console

from chaos import ending
from chaos.outbox.run import Plan, run


def main() -> int:
    """Runs, and prints the account; the exit code is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m chaos.outbox", description=__doc__)
    parser.add_argument("--transactions", type=int, default=10_000)
    parser.add_argument("--kill-every", type=int, default=250, metavar="TRANSACTIONS")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    progress = Console(stderr=True, highlight=False, soft_wrap=True)
    plan = Plan(transactions=options.transactions, kill_every=options.kill_every, seed=options.seed)
    account = ending.run(run(plan, lambda line: progress.print(line, style="dim")))
    kills = ", ".join(f"{victim} {count} times" for victim, count in account.kills.items())
    print(f"killed: {kills}")
    print(
        f"{plan.transactions:,} transactions: {len(account.committed):,} committed, "
        f"{len(account.rolled_back):,} rolled back; {len(account.added):,} jobs added"
    )
    problems = list(account.problems())
    print("\n".join(problems) or "each committed one yielded one job, in order; no other did")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
