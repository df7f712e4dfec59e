"""Finding what the user names: an application's description."""

from pathlib import Path

from toril.cli.dev.application import Application
from toril.worker.errors import BadTarget
from toril.worker.process.loading import described, load, load_module


def load_application(target: str) -> tuple[Application, Path]:
    """The application that MODULE:NAME names, or PACKAGE by its `dev:application`; and its sources' folder.

    Raises:
        BadTarget: there is no such thing, it cannot be imported, or it is something else.
    """
    place = target if ":" in target else f"{target}.dev:application"
    found = load(place)
    if not isinstance(found, Application):
        raise BadTarget(target, f"is {described(found)}, not an Application of toril.cli.dev")
    file = load_module(target, place.partition(":")[0]).__file__
    return found, Path(file).parent if file else Path.cwd()
