"""`toril key`: the keys by which clients call the gateway. One command a file."""

import typer

from toril.cli.commands.key.create_key import create_key

key = typer.Typer(
    help="Make the API keys by which clients call the gateway.", no_args_is_help=True, rich_markup_mode=None
)
key.command("create")(create_key)


@key.callback()
def _group() -> None:
    # A group of one command would be that command itself.
    pass
