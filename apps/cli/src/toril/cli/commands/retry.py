"""`toril retry`: let finished jobs run again."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from toril.bull.admin import Finished, Told
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.errors import BadInput
from toril.cli.event_loop import run
from toril.cli.exit_codes import ExitCode
from toril.cli.options import AsJson, JobIds, Prefix, QueueName, Url, Verbose
from toril.cli.output import print_json, print_note
from toril.cli.reporting import reported
from toril.cli.steering import counting, each_job, steering
from toril.types import JobState


class FinishedState(StrEnum):
    """What can be retried."""

    FAILED = "failed"
    COMPLETED = "completed"


@reported
def retry(
    queue: QueueName,
    job_ids: JobIds = None,
    every: Annotated[bool, typer.Option("--all", help="All that have ended by now.")] = False,
    state: Annotated[FinishedState, typer.Option("--state", "-s", help="Which, with --all.")] = (
        FinishedState.FAILED
    ),
    reset_attempts: Annotated[
        bool, typer.Option("--reset-attempts", help="With all attempts again; not with --all.")
    ] = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Let jobs run again that have failed or completed. Prints their ids; with --all, how many."""
    if every == bool(job_ids) or (every and reset_attempts):
        raise BadInput("say which jobs: their ids, or --all; --reset-attempts goes with ids")
    keys = QueueKeys(queue, prefix)
    if job_ids:
        code = run(_retry(url, keys, job_ids, reset_attempts, as_json))
        raise typer.Exit(code)
    with counting("retrying") as told:
        finished = JobState.FAILED if state is FinishedState.FAILED else JobState.COMPLETED
        count = run(_retry_all(url, keys, finished, told))
    if as_json:
        print_json({"queue": queue, "state": state.value, "retried": count})
    else:
        print_note(f"{count:,} jobs are to run again")


async def _retry(
    url: str | None, keys: QueueKeys, job_ids: Sequence[str], reset: bool, as_json: bool
) -> ExitCode:
    async with steering(url, keys) as admin:
        return await each_job(
            job_ids, lambda job_id: admin.retry(job_id, reset_attempts_made=reset), as_json=as_json
        )


async def _retry_all(url: str | None, keys: QueueKeys, state: Finished, told: Told) -> int:
    async with steering(url, keys) as admin:
        return await admin.retry_all(state, told=told)
