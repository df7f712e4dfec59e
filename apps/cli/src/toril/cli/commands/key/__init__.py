"""`toril key`: the keys by which clients call the gateway. One command a file."""

import typer

from toril.cli.lazy import LazyGroup, defer

key = typer.Typer(
    cls=LazyGroup,
    help="Make the API keys by which clients call the gateway.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
defer(key, "create", "toril.cli.commands.key.create_key", "Make an API key.")


@key.callback()
def _group() -> None:
    # A group of one command would be that command itself.
    pass
