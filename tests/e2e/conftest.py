"""A folder of an application's own, and the command started in it."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from support.command_line import CommandProcess
from support.household import HANDLERS, processes_in
from toril.bull.embedded import EmbeddedBroker


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the command is started: near the root, as a socket has to fit into it."""
    with tempfile.TemporaryDirectory(prefix="toril-e2e-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # root's PostgreSQL runs as another user, who has to get there
        (folder / "household.py").write_text(HANDLERS)
        yield folder
        for process in processes_in(folder):  # of a test that failed
            process.kill()


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    with EmbeddedBroker(folder / ".toril") as broker:
        yield broker.url


@pytest.fixture
def toril(folder: Path) -> Callable[..., CommandProcess]:
    """Starts the command in the folder."""
    return partial(CommandProcess, folder=folder)
