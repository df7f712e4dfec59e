"""`toril cancel`: have single jobs not run, or no longer."""

from collections.abc import Sequence
from typing import Annotated

import typer

from toril.bull.admin import Cancellation, QueueAdmin
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.event_loop import run
from toril.cli.exit_codes import ExitCode
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose, Yes
from toril.cli.output import print_note
from toril.cli.reporting import reported
from toril.cli.steering import confirm, each_job, steering


@reported
def cancel(
    queue: QueueName,
    job_ids: Annotated[list[str], typer.Argument(metavar="ID…", help="The jobs' ids.")],
    yes: Yes = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Remove jobs that wait, and have jobs that run stopped. Prints their ids.

    A job that runs fails for good as soon as its handler has cleaned up; `toril job` shows when. A Node
    worker cannot be stopped: there the job is only not tried again.
    """
    count = f"{len(job_ids):,} jobs" if len(job_ids) > 1 else f"job {job_ids[0]}"
    confirm(f"cancel {count} of queue {queue!r}", yes=yes)
    raise typer.Exit(run(_cancel(url, QueueKeys(queue, prefix), job_ids, as_json)))


async def _cancel(url: str | None, keys: QueueKeys, job_ids: Sequence[str], as_json: bool) -> ExitCode:
    async with steering(url, keys) as admin:
        return await each_job(job_ids, lambda job_id: _cancel_one(admin, job_id), as_json=as_json)


async def _cancel_one(admin: QueueAdmin, job_id: str) -> None:
    if await admin.cancel(job_id) is Cancellation.REQUESTED:
        print_note(f"job {job_id} runs: its worker has been told")
