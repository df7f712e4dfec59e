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
from toril.jobs import Contract, Deduplicate, Queue
from toril.jobs.raw import raw_contract
from toril.types import Progress
from toril.worker.process.logging_setup import configure_logging

MOST_INPUT = 64 * 1024 * 1024


@reported
def enqueue(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:CONTRACT",
            help="Where the contract is: app.contracts:SendMail. Left out with --queue and --name.",
        ),
    ],
    payload: Annotated[
        str | None,
        typer.Argument(metavar="JSON", show_default=False, help="The job's data; - reads it from stdin."),
    ] = None,
    queue: Annotated[
        str | None,
        typer.Option(metavar="TEXT", show_default=False, help="The queue of a job without a contract."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", show_default=False, help="And that job's name.")
    ] = None,
    delay: Annotated[float, typer.Option(metavar="SECONDS", help="How long it must wait.")] = 0.0,
    priority: Annotated[int, typer.Option(help="0 is none, before all others; else 1 (first) and up.")] = 0,
    lifo: Annotated[bool, typer.Option("--lifo", help="Put it in front of all that wait.")] = False,
    expires_in: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            show_default=False,
            help="After so long it is not started any more, but failed.",
        ),
    ] = None,
    job_id: Annotated[
        str | None,
        typer.Option(metavar="TEXT", show_default=False, help="An id by which it is added only once."),
    ] = None,
    deduplicate: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            show_default=False,
            help="Not added while a job holds this key: until it has ended.",
        ),
    ] = None,
    ttl: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", show_default=False, help="The key is held for so long instead."),
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
    """Add a job to its queue. Prints its id, or with --wait its result as JSON."""
    configure_logging()
    contract, text = _contract_and_payload(target, payload, queue, name)
    job = contract.decode(_read(text))
    key = _deduplicate(deduplicate, ttl)

    async def add() -> str:
        async with QueueService.connect(url, prefix=prefix, strict=strict) as queues:
            options: dict[str, Any] = {
                "delay": delay,
                "priority": priority,
                "lifo": lifo,
                "expires_in": expires_in,
                "job_id": job_id,
                "deduplicate": key,
            }
            if queue and name:
                handle = await queues.enqueue_raw(queue, name, job, **options)
            else:
                handle = await queues.enqueue(job, **options)
            if not handle.is_new:
                print_note(
                    f"not added: job {handle.job_id!r} of queue {handle.queue!r} has its id or its key"
                )
            if not wait and timeout is None:
                return handle.job_id
            print_note(f"job {handle.job_id} of queue {handle.queue!r}")
            return contract.encode_result(await _result(handle, timeout)).decode()

    print_line(run(add()))


def _contract_and_payload(
    target: str, payload: str | None, queue: str | None, name: str | None
) -> tuple[Contract[Any, Any], str]:
    if queue is None and name is None:
        if payload is None:
            raise BadInput("the job's JSON is missing: toril enqueue MODULE:CONTRACT JSON")
        return load_contract(target), payload
    if queue is None or name is None or payload is not None:
        raise BadInput("a job without a contract is: toril enqueue --queue QUEUE --name NAME JSON")
    return raw_contract(Queue(queue), name), target


def _deduplicate(key: str | None, ttl: float | None) -> Deduplicate | None:
    if key is None:
        if ttl is not None:
            raise BadInput("--ttl is the time of a key: name it with --deduplicate")
        return None
    try:
        return Deduplicate(key, ttl=ttl)
    except ValueError as error:
        raise BadInput(str(error)) from error


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
