"""What the commands share that change a queue."""

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager

import typer

from toril.bull.admin import QueueAdmin, Told
from toril.bull.errors import BrokerUnavailable, BullError
from toril.bull.inspect import QueueInspector
from toril.bull.keys import QueueKeys
from toril.cli.brokers import reading
from toril.cli.errors import NotConfirmed, QueueNotFound
from toril.cli.exit_codes import ExitCode
from toril.cli.output import console, print_json, print_line, print_note
from toril.cli.verdicts import exit_code_of
from toril.types import JobState


@asynccontextmanager
async def steering(url: str | None, keys: QueueKeys) -> AsyncGenerator[QueueAdmin]:
    """What steers a queue that somebody has used; it starts no broker.

    Raises:
        QueueNotFound: nobody has: most likely the name is wrong.
        NoBroker, BrokerUnavailable: as `reading`.
    """
    async with reading(url) as connection:
        if not await QueueInspector(connection, keys).exists():
            raise QueueNotFound(keys.queue, keys.prefix)
        yield QueueAdmin(connection, keys)


async def count_jobs(url: str | None, keys: QueueKeys, *states: JobState) -> int:
    """How many jobs of a queue are in these states.

    Raises:
        as `steering`.
    """
    async with reading(url) as connection:
        inspector = QueueInspector(connection, keys)
        if not await inspector.exists():
            raise QueueNotFound(keys.queue, keys.prefix)
        counts = (await inspector.counts()).by_state
        return sum(counts[state] for state in states)


def confirm(what: str, *, yes: bool) -> None:
    """Asks on the terminal before something is destroyed.

    Raises:
        NotConfirmed: the answer is no, or there is nobody to ask.
    """
    if yes:
        return
    if not can_ask():
        raise NotConfirmed(what, has_terminal=False)
    try:
        agreed = typer.confirm(f"{what}?", err=True)
    except typer.Abort:
        agreed = False
    if not agreed:
        raise NotConfirmed(what, has_terminal=True)


def can_ask() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


@contextmanager
def counting(words: str) -> Generator[Told]:
    """Shows on a terminal how far a long loop is, for as long as it runs."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with console(sys.stderr).status(f"{words} …") as status:
        yield lambda count: status.update(f"{words} … {count:,}")


async def each_job(
    job_ids: Sequence[str], act: Callable[[str], Awaitable[None]], *, as_json: bool
) -> ExitCode:
    """Does something to each job, and prints the ids of those to which it was done.

    One that refuses is a line on stderr (with --json an object with `error`) and does not stop the others.

    Returns:
        the exit code of the first refusal, or OK.
    """
    ended_with = ExitCode.OK
    for job_id in job_ids:
        try:
            await act(job_id)
        except BrokerUnavailable:
            raise
        except BullError as refusal:
            ended_with = ended_with or exit_code_of(refusal)
            if as_json:
                print_json({"id": job_id, "done": False, "error": str(refusal)})
            else:
                print_note(f"error: {refusal}")
        else:
            if as_json:
                print_json({"id": job_id, "done": True})
            else:
                print_line(job_id)
    return ended_with
