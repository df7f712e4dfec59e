"""Commands whose modules are loaded when they are called.

To load all is the best part of a second, before anything is done; and a module that cannot be loaded, as
something is not installed, must cost no other command.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


class DeferredCommand(TyperCommand):
    """What stands for a command in help and completion. Its callback returns the command itself."""


class LazyGroup(TyperGroup):
    """A group that may have deferred commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As every group: name, command and the arguments that are left; the command is loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(command), rest


def loaded(command: Any) -> Any:
    """The command that a deferred one stands for; any other as it is."""
    return command.callback() if isinstance(command, DeferredCommand) and command.callback else command


def defer(group: typer.Typer, name: str, module: str, summary: str) -> None:
    """Add a command, or a group of some, to a group whose class is LazyGroup.

    Args:
        module: where its function is, or its Typer, under the module's own name.
        summary: the first sentence of its help.
    """

    def load() -> Any:
        found = getattr(import_module(module), module.rpartition(".")[2])
        holder = typer.Typer(rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name)
        else:
            holder.command(name)(found)
        return get_group(holder).commands[name]

    group.command(name, cls=DeferredCommand, help=summary)(load)
