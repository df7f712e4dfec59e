"""`toril remove`: remove single jobs."""

from collections.abc import Sequence
from typing import Annotated

import typer

from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.event_loop import run
from toril.cli.exit_codes import ExitCode
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose, Yes
from toril.cli.reporting import reported
from toril.cli.steering import confirm, each_job, steering


@reported
def remove(
    queue: QueueName,
    job_ids: Annotated[list[str], typer.Argument(metavar="ID…", help="The jobs' ids.")],
    keep_children: Annotated[bool, typer.Option("--keep-children", help="Not their children too.")] = False,
    yes: Yes = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Remove jobs in whatever state, with their children. Prints their ids.

    Jobs that a worker holds are refused.
    """
    count = f"{len(job_ids):,} jobs" if len(job_ids) > 1 else f"job {job_ids[0]}"
    confirm(f"remove {count} of queue {queue!r}", yes=yes)
    code = run(_remove(url, QueueKeys(queue, prefix), job_ids, not keep_children, as_json))
    raise typer.Exit(code)


async def _remove(
    url: str | None, keys: QueueKeys, job_ids: Sequence[str], with_children: bool, as_json: bool
) -> ExitCode:
    async with steering(url, keys) as admin:
        return await each_job(
            job_ids, lambda job_id: admin.remove(job_id, with_children=with_children), as_json=as_json
        )
