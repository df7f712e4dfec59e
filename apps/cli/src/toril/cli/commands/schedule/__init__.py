"""`toril schedule`: jobs that run again and again. One command a file."""

import typer

from toril.cli.commands.schedule.apply_schedules import apply_schedules
from toril.cli.commands.schedule.list_schedules import list_schedules
from toril.cli.commands.schedule.remove_schedule import remove_schedule
from toril.cli.commands.schedule.set_schedule import set_schedule
from toril.cli.commands.schedule.show_schedule import show_schedule

schedule = typer.Typer(
    help="List, set and remove schedules: jobs that run again and again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
schedule.command("list")(list_schedules)
schedule.command("show")(show_schedule)
schedule.command("set")(set_schedule)
schedule.command("remove")(remove_schedule)
schedule.command("apply")(apply_schedules)
