"""`toril schedule`: jobs that run again and again. One command a file."""

import typer

from toril.cli.lazy import LazyGroup, defer

schedule = typer.Typer(
    cls=LazyGroup,
    help="List, set and remove schedules: jobs that run again and again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
defer(
    schedule,
    "list",
    "toril.cli.commands.schedule.list_schedules",
    "List the schedules of a queue, the one that runs next first.",
)
defer(
    schedule,
    "show",
    "toril.cli.commands.schedule.show_schedule",
    "Show a schedule: when it runs, and what its jobs are made from.",
)
defer(schedule, "set", "toril.cli.commands.schedule.set_schedule", "Have jobs run again and again.")
defer(
    schedule,
    "remove",
    "toril.cli.commands.schedule.remove_schedule",
    "Remove a schedule, and its next run if that waits to be started.",
)
defer(
    schedule,
    "apply",
    "toril.cli.commands.schedule.apply_schedules",
    "Set the schedules that the contracts of a module declare.",
)
