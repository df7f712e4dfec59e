"""Kill relay, Redis and PostgreSQL in turn: `make chaos-outbox`, or `python -m chaos.outbox --help`."""

import argparse
import asyncio
import signal
import sys

from rich.console import Console

from chaos.outbox.run import Plan, run
from chaos.outbox.verdict import Account


def main() -> int:
    """Runs, and prints the account; the exit code is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m chaos.outbox", description=__doc__)
    parser.add_argument("--transactions", type=int, default=10_000)
    parser.add_argument("--kill-every", type=int, default=250, metavar="TRANSACTIONS")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    progress = Console(stderr=True, highlight=False, soft_wrap=True)
    plan = Plan(transactions=options.transactions, kill_every=options.kill_every, seed=options.seed)
    account = asyncio.run(_run(plan, progress))
    kills = ", ".join(f"{victim} {count} times" for victim, count in account.kills.items())
    print(f"killed: {kills}")
    print(
        f"{plan.transactions:,} transactions: {len(account.committed):,} committed, "
        f"{len(account.rolled_back):,} rolled back; {len(account.added):,} jobs added"
    )
    problems = list(account.problems())
    print("\n".join(problems) or "each committed one yielded one job, in order; no other did")
    return 1 if problems else 0


async def _run(plan: Plan, progress: Console) -> Account:
    """SIGTERM ends the run as Ctrl-C does, so that no process is left behind."""
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(plan, lambda line: progress.print(line, style="dim"))


if __name__ == "__main__":
    sys.exit(main())
