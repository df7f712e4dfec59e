"""`toril schedule set`: have jobs run again and again."""

from datetime import datetime
from typing import Annotated

import typer

from toril.backend import QueueService
from toril.bull.keys import DEFAULT_PREFIX
from toril.cli.errors import BadInput
from toril.cli.event_loop import run
from toril.cli.loading import load_contract
from toril.cli.options import AsJson, Prefix, Strict, Url, Verbose
from toril.cli.output import print_json, print_line
from toril.cli.reporting import reported
from toril.cli.schedules import next_run_in_words, schedule_as_json
from toril.jobs import Schedule
from toril.types import ScheduleRecord
from toril.worker.process.logging_setup import configure_logging


@reported
def set_schedule(
    target: Annotated[
        str,
        typer.Argument(metavar="MODULE:CONTRACT", help="Where the contract is: app.contracts:SendMail"),
    ],
    payload: Annotated[str, typer.Argument(metavar="JSON", help="The jobs' data.")] = "{}",
    cron: Annotated[
        str | None, typer.Option(metavar="PATTERN", show_default=False, help='As in "0 3 * * *".')
    ] = None,
    tz: Annotated[
        str | None,
        typer.Option(metavar="ZONE", show_default="UTC", help="For --cron, as in Europe/Berlin."),
    ] = None,
    every: Annotated[
        float | None, typer.Option(metavar="SECONDS", show_default=False, help="At a steady pace.")
    ] = None,
    offset: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", show_default=False, help="For --every: after each whole multiple."),
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", show_default=False, help="As in 2026-12-01T08:00+01:00.")
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", show_default=False, help="No run comes after this.")
    ] = None,
    limit: Annotated[int | None, typer.Option(show_default=False, help="How many runs there are.")] = None,
    schedule_id: Annotated[
        str | None, typer.Option("--id", metavar="TEXT", show_default="the contract's name")
    ] = None,
    immediately: Annotated[bool, typer.Option("--immediately", help="Run at once, too.")] = False,
    priority: Annotated[int, typer.Option(help="0 is none, before all others; else 1 (first) and up.")] = 0,
    lifo: Annotated[bool, typer.Option("--lifo", help="Put the jobs in front of all that wait.")] = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    strict: Strict = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Have jobs run again and again. Prints the next run.

    It takes the place of what the schedule of that id said.
    """
    configure_logging()
    job = load_contract(target).decode(payload)
    schedule = Schedule(
        pattern=cron,
        tz=tz or ("UTC" if cron is not None else None),
        interval=every,
        offset=offset,
        start=_moment("--start", start),
        end=_moment("--end", end),
        limit=limit,
    )

    async def set_it() -> ScheduleRecord:
        async with QueueService.connect(url, prefix=prefix, strict=strict) as queues:
            return await queues.schedule(
                job,
                schedule,
                schedule_id=schedule_id,
                immediately=immediately,
                priority=priority,
                lifo=lifo,
            )

    record = run(set_it())
    if as_json:
        print_json(schedule_as_json(record))
    else:
        print_line(next_run_in_words(record))


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as fault:
        raise BadInput(f"{option} {text!r} is no time: write it as 2026-12-01T08:00+01:00") from fault
