"""`toril schedule apply`: set the schedules that contracts declare."""

from typing import Annotated

import typer

from toril.backend import AppliedSchedule, QueueService
from toril.bull.keys import DEFAULT_PREFIX
from toril.cli.event_loop import run
from toril.cli.loading import load_catalog
from toril.cli.options import AsJson, Prefix, Strict, Url, Verbose
from toril.cli.output import print_json, print_note, print_table
from toril.cli.reporting import reported
from toril.cli.schedules import next_run_in_words, schedule_as_json
from toril.jobs import Catalog
from toril.worker.process.logging_setup import configure_logging


@reported
def apply_schedules(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="Where the contracts are: app.contracts.")],
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    strict: Strict = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Set the schedules that the contracts of a module declare.

    Run it with every deploy: those that stand as they should are left alone. One that no contract declares
    any longer stays until it is removed.
    """
    configure_logging()
    applied = run(_apply(load_catalog(module), url, prefix, strict))
    if as_json:
        for each in applied:
            schedule = None if each.record is None else schedule_as_json(each.record)
            print_json({"queue": each.queue, "id": each.id, "changed": each.changed, "record": schedule})
    elif applied:
        print_table(["queue", "id", "changed", "next run"], [_row(each) for each in applied])
    else:
        print_note(f"no contract of {module} declares a schedule")


async def _apply(catalog: Catalog, url: str | None, prefix: str, strict: bool) -> list[AppliedSchedule]:
    async with QueueService.connect(url, prefix=prefix, strict=strict) as queues:
        return await queues.apply_schedules(catalog)


def _row(applied: AppliedSchedule) -> list[str | int]:
    changed = "yes" if applied.changed else "no"
    return [applied.queue, applied.id, changed, next_run_in_words(applied.record)]
