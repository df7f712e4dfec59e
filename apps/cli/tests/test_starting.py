"""How the command starts: what it loads, and what the commands that it has not loaded say of themselves."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import pytest
import structlog
from typer.main import get_group

from support.command_line import Toril
from toril.cli.exit_codes import ExitCode
from toril.cli.first_line import log_from_first_line
from toril.cli.lazy import DeferredCommand, loaded
from toril.cli.main import app
from toril.cli.verdicts import EXIT_CODES, EXPECTED
from toril.worker.process.shutdown import ENDED_BY_FORCE

OTHERS = {
    *("toril.jobs", "toril.database", "toril.backend", "toril.worker"),
    *("psycopg", "psycopg_pool", "fastapi", "starlette", "uvicorn", "structlog", "prometheus_client"),
}
"""What only some commands need."""
PROGRAM = """
import sys
for name in {missing}:
    sys.modules[name] = None
from toril.cli.main import main
try:
    main()
finally:
    print("loaded:", *sys.modules)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["nope"]])
def test_what_runs_no_command_loads_none(arguments: list[str]):
    loaded = _modules_after(*arguments)

    assert not loaded & (OTHERS | {"toril.bull.connection"})
    assert not [name for name in loaded if name.startswith("toril.cli.commands.")]


@pytest.mark.parametrize(
    "arguments", [["queues"], ["jobs", "paint"], ["pause", "paint"], ["schedule", "list", "paint"]]
)
def test_a_command_loads_its_own_and_no_other(arguments: list[str]):
    loaded = _modules_after(*arguments, "--url", "unix:///nowhere")

    assert not loaded & OTHERS
    assert "toril.bull.connection" in loaded


def test_what_is_not_installed_costs_only_the_commands_that_need_it():
    missing = ["psycopg", "fastapi", "uvicorn"]

    reading = _toril("queues", "--url", "unix:///nowhere", missing=missing)
    asking = _toril("database", "status", "--help", missing=missing)

    assert (reading.returncode, reading.stderr.count("\n")) == (3, 1)
    assert "ModuleNotFoundError" in asking.stderr


def test_what_stands_for_a_command_says_the_same_as_the_command():
    for command in _deferred():
        meant = loaded(command)

        assert meant is not command
        assert (command.name, command.get_short_help_str(200)) == (meant.name, meant.get_short_help_str(200))


def test_a_command_that_is_not_loaded_is_suggested(bare_toril: Toril):
    assert "Did you mean 'queues'" in bare_toril("queus").stderr
    assert "Did you mean 'list'" in bare_toril("schedule", "lst").stderr


def test_each_error_that_has_a_verdict_is_one():
    for name in {*EXPECTED, *EXIT_CODES}:
        module, _, error = name.rpartition(".")
        kind = getattr(import_module(module), error)

        assert issubclass(kind, Exception)
        assert f"{kind.__module__}.{kind.__qualname__}" == name
        assert EXPECTED & {f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__}


def test_the_exit_code_of_an_end_by_force_is_the_workers():
    assert ExitCode.ENDED_BY_FORCE == ENDED_BY_FORCE


@pytest.mark.usefixtures("kept_logging")
def test_the_first_line_sets_up_the_log_and_is_written_to_it(capsys: pytest.CaptureFixture[str]):
    log_from_first_line()
    was_set_up = structlog.is_configured()

    logging.getLogger("toril.bull").warning("it may evict %s", "jobs")
    logging.getLogger("toril.bull").warning("again", extra={"data": "here"})

    first, second = capsys.readouterr().err.splitlines()
    assert not was_set_up
    assert structlog.is_configured()
    assert "[warning" in first
    assert "it may evict jobs" in first
    assert "data=here" in second


@pytest.fixture
def kept_logging() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    structlog.reset_defaults()
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def _deferred() -> list[DeferredCommand]:
    """All commands, those of the groups too, as they stand in help and completion."""
    top = get_group(app).commands
    groups = [loaded(top[name]) for name in ("schedule", "key", "database", "outbox")]
    found = [*top.values(), *(command for group in groups for command in group.commands.values())]
    assert all(isinstance(command, DeferredCommand) for command in found)
    return found


def _modules_after(*arguments: str) -> set[str]:
    return set(_toril(*arguments).stdout.rpartition("loaded: ")[2].split())


def _toril(*arguments: str, missing: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", PROGRAM.format(missing=missing or []), *arguments]
    return subprocess.run(program, capture_output=True, text=True, check=False)
