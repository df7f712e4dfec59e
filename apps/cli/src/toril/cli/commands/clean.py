"""`toril clean`: remove old jobs of a queue."""

from typing import Annotated

import typer

from toril.bull.admin import Told
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose, Yes
from toril.cli.output import print_json, print_line, print_note
from toril.cli.reporting import reported
from toril.cli.steering import confirm, count_jobs, counting, steering
from toril.types import JobState


@reported
def clean(
    queue: QueueName,
    state: Annotated[JobState, typer.Option("--state", "-s", help="Of which state.")] = JobState.COMPLETED,
    older_than: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.0, help="Younger ones stay: since their end or adding.")
    ] = 0.0,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, show_default=False, help="At most so many.")
    ] = None,
    yes: Yes = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Remove the jobs of a queue that are in one state. Prints their ids.

    Of the active ones only those that no worker holds.
    """
    keys = QueueKeys(queue, prefix)
    count = run(count_jobs(url, keys, state))
    most = count if limit is None else min(count, limit)
    age = f" older than {older_than:g} s" if older_than else ""
    confirm(f"remove up to {most:,} {state.value} jobs{age} from queue {queue!r}", yes=yes)
    with counting("removing") as told:
        removed = run(_clean(url, keys, state, older_than, limit, told))
    if as_json:
        print_json({"queue": queue, "state": state.value, "removed": removed})
        return
    for job_id in removed:
        print_line(job_id)
    print_note(f"{len(removed):,} jobs removed")


async def _clean(
    url: str | None, keys: QueueKeys, state: JobState, older_than: float, limit: int | None, told: Told
) -> list[str]:
    async with steering(url, keys) as admin:
        return await admin.clean(state, grace=older_than, limit=limit, told=told)
