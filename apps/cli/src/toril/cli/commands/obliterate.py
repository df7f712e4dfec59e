"""`toril obliterate`: remove a queue for good."""

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
def obliterate(
    queue: QueueName,
    force: Annotated[bool, typer.Option("--force", help="Even if jobs run: what they do is lost.")] = False,
    yes: Yes = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Remove a paused queue for good. With it go all jobs, schedules, events and settings."""
    keys = QueueKeys(queue, prefix)
    count = run(count_jobs(url, keys, *JobState))
    confirm(f"remove queue {queue!r} for good, with its {count:,} jobs", yes=yes)
    with counting("removing") as told:
        run(_obliterate(url, keys, force, told))
    if as_json:
        print_json({"queue": queue, "obliterated": True})
    else:
        print_note(f"queue {queue!r} is no more")


async def _obliterate(url: str | None, keys: QueueKeys, force: bool, told: Told) -> None:
    async with steering(url, keys) as admin:
        await admin.obliterate(force=force, told=told)
