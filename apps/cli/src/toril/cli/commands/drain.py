"""`toril drain`: remove the jobs of a queue that wait to be started."""

from typing import Annotated

import typer

from toril.bull.admin import Told
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose, Yes
from toril.cli.output import print_json, print_note
from toril.cli.reporting import reported
from toril.cli.steering import confirm, count_jobs, counting, steering
from toril.types import JobState


@reported
def drain(
    queue: QueueName,
    delayed: Annotated[bool, typer.Option("--delayed", help="Delayed jobs as well.")] = False,
    yes: Yes = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Remove the jobs of a queue that wait to be started. Those that run or have ended stay."""
    keys = QueueKeys(queue, prefix)
    states = [JobState.WAITING, JobState.PRIORITIZED, *([JobState.DELAYED] if delayed else [])]
    count = run(count_jobs(url, keys, *states))
    confirm(f"remove {count:,} jobs that wait in queue {queue!r}", yes=yes)
    with counting("removing") as told:
        removed = run(_drain(url, keys, delayed, told))
    if as_json:
        print_json({"queue": queue, "removed": removed})
    else:
        print_note(f"{removed:,} jobs removed")


async def _drain(url: str | None, keys: QueueKeys, delayed: bool, told: Told) -> int:
    async with steering(url, keys) as admin:
        return await admin.drain(include_delayed=delayed, told=told)
