"""`toril enqueue`: add a job, and wait for its result if asked."""

import asyncio
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from toril.backend import JobHandle, QueueService
from toril.bull.errors import BrokerUnavailable, JobNotFound
from toril.bull.keys import DEFAULT_PREFIX
from toril.cli.errors import BadInput, ResultTimedOut
from toril.cli.event_loop import run
from toril.cli.loading import load_contract
from toril.cli.options import Prefix, Strict, Url, Verbose
from toril.cli.output import console, print_line, print_note, printable
from toril.cli.reporting import reported
from toril.types import Progress

MOST_INPUT = 64 * 1024 * 1024


@reported
def enqueue(
    target: Annotated[
        str,
        typer.Argument(metavar="MODULE:CONTRACT", help="Where the contract is: app.contracts:SendMail"),
    ],
    payload: Annotated[str, typer.Argument(metavar="JSON", help="The job's data; - reads it from stdin.")],
    delay: Annotated[float, typer.Option(metavar="SECONDS", help="How long it must wait.")] = 0.0,
    priority: Annotated[int, typer.Option(help="0 is none, before all others; else 1 (first) and up.")] = 0,
    lifo: Annotated[bool, typer.Option("--lifo", help="Put it in front of all that wait.")] = False,
    job_id: Annotated[
        str | None,
        typer.Option(metavar="TEXT", show_default=False, help="An id by which it is added only once."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", "-w", help="Wait for its end and print the result.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0.0, show_default=False, help="How long to wait; implies --wait."
        ),
    ] = None,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    strict: Strict = False,
    verbose: Verbose = False,
) -> None:
    """Add a job to its queue and print its id, or with --wait the result as JSON."""
    contract = load_contract(target)
    job = contract.decode(_read(payload))

    async def add() -> str:
        async with QueueService.connect(url, prefix=prefix, strict=strict) as queues:
            handle = await queues.enqueue(job, delay=delay, priority=priority, lifo=lifo, job_id=job_id)
            if not wait and timeout is None:
                return handle.job_id
            print_note(f"job {handle.job_id} of queue {handle.queue!r}")
            return contract.encode_result(await _result(handle, timeout)).decode()

    print_line(run(add()))


def _read(payload: str) -> bytes:
    if payload != "-":
        return payload.encode()
    read = sys.stdin.buffer.read(MOST_INPUT + 1)
    if len(read) > MOST_INPUT:
        raise BadInput(f"stdin holds more than {MOST_INPUT // 1024**2} MiB")
    return read


async def _result(handle: JobHandle[Any], timeout: float | None) -> Any:
    """The job's result; on a terminal its progress is shown meanwhile."""
    async with asyncio.TaskGroup() as group:
        showing = group.create_task(_show(handle)) if sys.stderr.isatty() else None
        try:
            return await handle.result(timeout)
        except TimeoutError as error:
            raise ResultTimedOut(handle.queue, handle.job_id, timeout or 0.0) from error
        finally:
            if showing is not None:
                showing.cancel()


async def _show(handle: JobHandle[Any]) -> None:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console(sys.stderr), transient=True) as bars:
        bar = bars.add_task("", total=None)
        # Whoever waits for the result learns what else may happen to the job, or to Redis.
        with suppress(JobNotFound, BrokerUnavailable):
            async for update in handle.updates():
                progress = update.progress or Progress()
                bars.update(
                    bar,
                    description=printable(f"{update.state} {progress.note or ''}"),
                    completed=progress.fraction or 0.0,
                    total=None if progress.fraction is None else 1.0,
                )
