"""`toril promote`: let delayed jobs run now."""

from collections.abc import Sequence
from typing import Annotated

import typer

from toril.bull.admin import Told
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.errors import BadInput
from toril.cli.event_loop import run
from toril.cli.exit_codes import ExitCode
from toril.cli.options import AsJson, JobIds, Prefix, QueueName, Url, Verbose
from toril.cli.output import print_json, print_note
from toril.cli.reporting import reported
from toril.cli.steering import counting, each_job, steering


@reported
def promote(
    queue: QueueName,
    job_ids: JobIds = None,
    every: Annotated[bool, typer.Option("--all", help="All that are delayed now.")] = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Let delayed jobs run now. Prints their ids; with --all, how many."""
    if every == bool(job_ids):
        raise BadInput("say which jobs: their ids, or --all")
    keys = QueueKeys(queue, prefix)
    if job_ids:
        raise typer.Exit(run(_promote(url, keys, job_ids, as_json)))
    with counting("promoting") as told:
        count = run(_promote_all(url, keys, told))
    if as_json:
        print_json({"queue": queue, "promoted": count})
    else:
        print_note(f"{count:,} jobs are to run now")


async def _promote(url: str | None, keys: QueueKeys, job_ids: Sequence[str], as_json: bool) -> ExitCode:
    async with steering(url, keys) as admin:
        return await each_job(job_ids, admin.promote, as_json=as_json)


async def _promote_all(url: str | None, keys: QueueKeys, told: Told) -> int:
    async with steering(url, keys) as admin:
        return await admin.promote_all(told=told)
