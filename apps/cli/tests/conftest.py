"""The command, run inside the test on the shared broker, from a folder of the test's own."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from support.command_line import Toril
from toril.bull.embedded import EmbeddedBroker
from toril.cli.main import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, empty; nothing says where a broker is, and modules loaded from it are forgotten."""
    monkeypatch.chdir(tmp_path)
    for name in ("TORIL_REDIS_URL", "TORIL_DATABASE_URL", "TORIL_DATA", "LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", sys.path[:])
    known = set(sys.modules)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name not in known and file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.fixture
def bare_toril(folder: Path) -> Iterator[Toril]:
    """Runs the command with the arguments given, and restores the logging that it sets up."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level

    def run(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, arguments, input=stdin, prog_name="toril")

    yield run
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def toril(bare_toril: Toril, broker: EmbeddedBroker, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Toril:
    """The same, on the shared broker below the test's own prefix; the prefix is added to the arguments."""
    monkeypatch.setenv("TORIL_REDIS_URL", broker.url)

    def run(command: str, *arguments: str, stdin: str | None = None) -> Result:
        return bare_toril(command, *arguments, "--prefix", prefix, stdin=stdin)

    return run
