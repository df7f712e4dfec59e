"""`toril key create`: a new API key."""

import re
from typing import Annotated

import typer

from toril.backend.api_keys import KEYS_VARIABLE, Scope, new_key
from toril.cli.errors import BadInput
from toril.cli.options import AsJson, Verbose
from toril.cli.output import print_fields, print_json, print_note
from toril.cli.reporting import reported


@reported
def create_key(
    scope: Annotated[
        list[Scope],
        typer.Option("--scope", "-s", help="What it allows; may be repeated, as none includes another."),
    ],
    queue: Annotated[
        list[str] | None,
        typer.Option(
            "--queue", "-q", metavar="NAME", show_default=False, help="Only for this queue; may be repeated."
        ),
    ] = None,
    key_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="TEXT", show_default=False, help="A word to tell it by; it is no secret."
        ),
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Make an API key. It is shown once; the gateway gets its entry, from which nobody can find it out."""
    if key_id is not None and not re.fullmatch(r"[\w.-]{1,50}", key_id, re.ASCII):
        raise BadInput("--id is a word of letters, digits, '.', '-' and '_'")
    secret, made = new_key(scope, queue, key_id)
    if as_json:
        print_json({"id": made.id, "key": secret, "entry": made.entry()})
        return
    print_fields({"key": secret, "entry": made.entry()})
    print_note(
        f"the key is for the client, and not shown again; the entry is for {KEYS_VARIABLE} of the gateway"
    )
